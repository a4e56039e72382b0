import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { Preview } from '@backstack/common';
import { show } from '../testing/show';
import { Review } from './OrderPage';
import { Findings } from './preview';

const preview: Preview = {
  path: 'demo/app/a.yaml', text: 'kind: App', lines: [{ mark: '+', text: 'kind: App' }], findings: [], effects: ['creates Deployment demo/a', 'creates Service demo/a'],
};

/** The last step of the form, when this was said. */
function review(said: Partial<Preview>, waiting = false, mayChange = true) {
  const create = vi.fn();
  const step = <Review disableButtons={false} formData={{}} handleBack={vi.fn()} handleReset={vi.fn()} handleCreate={create} steps={[]} />;
  show(<Findings asked={{ value: { ...preview, ...said }, waiting }} idOf={() => undefined}>{step}</Findings>, { mayChange });
  return create;
}
const button = () => screen.findByRole<HTMLButtonElement>('button', { name: 'Create' });

test('the last step shows the file that is written and what comes of it', async () => {
  const create = review({});
  expect(screen.getByText('New file demo/app/a.yaml')).toBeDefined();
  expect(screen.getByTestId('difference').textContent).toBe('+ kind: App');
  expect(screen.getByText('When it is merged, this creates Deployment demo/a, creates Service demo/a.')).toBeDefined();
  expect(screen.getByText('The platform has nothing against it.')).toBeDefined();
  await userEvent.click(await button());
  expect(create).toHaveBeenCalledOnce();
});

test('a warning names its field and does not block; a refusal does', async () => {
  review({ findings: [{ field: 'spec.image', words: 'mind this', refuses: false }] });
  expect(screen.getByText(/Reported, not refused: spec.image: mind this/)).toBeDefined();
  expect((await button()).disabled).toBe(false);
});

test.each([[{ findings: [{ words: 'taken', refuses: true }] }, false, true], [{}, true, true], [{ silent: 'it is away' }, false, false]])(
  'with %j said, and waiting: %s, sending is blocked: %s',
  async (said, waiting, blocked) => {
    review(said, waiting);
    expect((await button()).disabled).toBe(blocked);
  },
);

test('a guest is asked to sign in', async () => {
  review({}, false, false);
  expect(await screen.findByRole('button', { name: 'Sign in to order it' })).toBeDefined();
  expect(screen.queryByRole('button', { name: 'Create' })).toBeNull();
});
