import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { ChangeForm, Preview } from '@backstack/common';
import { Call, composite, show } from '../testing/show';
import { ChangePage } from './ChangePage';

const version = (name: string, warning?: string) => ({
  name,
  warning,
  schema: { type: 'object' as const, properties: { image: { type: 'string' as const, title: 'Image' } } },
});
const manifest: ChangeForm = {
  path: 'demo/app/a.yaml',
  url: 'https://git.example/a.yaml',
  text: 'spec: {image: nginx}',
  sha: 'abc',
  version: 'v1',
  spec: { image: 'nginx' },
  pullRequests: [],
  versions: [version('v2'), version('v1', 'Gone in May.')],
};
const request = { number: 7, branch: 'portal/a', title: 'Change App a', url: 'https://git.example/pulls/7' };

const preview: Preview = {
  path: 'demo/app/a.yaml', text: 'spec: {image: caddy}', findings: [], effects: [],
  lines: [{ mark: '-', text: 'spec: {image: nginx}' }, { mark: '+', text: 'spec: {image: caddy}' }],
};

/** Shows the form; what is sent gets this answer, and what is asked before that one. */
function page(answer: () => Response, changes: Partial<ChangeForm> = {}, mayChange = true, said: () => Response = () => Response.json(preview)) {
  const isPreview = ({ route }: Call) => route.endsWith('/preview');
  const routes = (call: Call) => (call.body === undefined ? Response.json({ ...manifest, ...changes }) : isPreview(call) ? said() : answer());
  const calls = show(<ChangePage />, { entity: composite('a'), routes, mayChange });
  return {
    user: userEvent.setup(),
    sent: () => calls.filter(each => each.body !== undefined && !isPreview(each)),
    asked: () => calls.filter(isPreview).map(each => each.body),
  };
}

async function image(): Promise<HTMLInputElement> {
  return screen.findByLabelText<HTMLInputElement>(/^Image/);
}

test('a change is sent with the file that it was made from, and ends in a pull request', async () => {
  const { user, sent } = page(() => Response.json(request));
  await user.clear(await image());
  await user.type(await image(), 'caddy');
  await user.type(screen.getByLabelText('Why (for the reviewer)'), 'smaller');
  await user.click(screen.getByRole('button', { name: /pull request/i }));
  const link = await screen.findByRole('button', { name: /Open the pull request/ });
  expect(link.getAttribute('href')).toBe(request.url);
  expect(sent()).toEqual([
    { route: 'entity/component/demo/a/manifest', body: { sha: 'abc', version: 'v1', spec: { image: 'caddy' }, note: 'smaller' } },
  ]);
});

test('a refusal stays beside the form, with what was filled in', async () => {
  const { user } = page(() => Response.json({ error: { name: 'InputError', message: 'nothing was changed' } }, { status: 400 }));
  await user.type(await image(), ':2');
  await user.click(screen.getByRole('button', { name: /pull request/i }));
  expect(await screen.findByText('nothing was changed')).toBeDefined();
  expect((await image()).value).toBe('nginx:2');
});

test('another version begins with what is in Git', async () => {
  const { user } = page(() => Response.json(request));
  expect(await screen.findByText(/Gone in May/)).toBeDefined();
  await user.type(await image(), ':2');
  await user.click(screen.getByLabelText('API version'));
  await user.click(await screen.findByRole('option', { name: 'v2' }));
  expect((await image()).value).toBe('nginx');
  expect(screen.queryByText(/Gone in May/)).toBeNull();
});

test('a guest reads the form, and is asked to sign in', async () => {
  page(() => Response.json(request), {}, false);
  expect((await image()).value).toBe('nginx');
  expect(await screen.findByRole('button', { name: 'Sign in to change it' })).toBeDefined();
  expect(screen.queryByRole('button', { name: 'Open a pull request' })).toBeNull();
});

test('pull requests that wait are shown, and no second one is opened', async () => {
  page(() => Response.json(request), { pullRequests: [request] });
  expect((await screen.findByRole<HTMLButtonElement>('button', { name: 'Open a pull request' })).disabled).toBe(true);
  expect((await screen.findByRole('link', { name: /^7: Change App a/ })).getAttribute('href')).toBe(request.url);
});

test('what cannot be changed says why, as a sentence', async () => {
  show(<ChangePage />, { entity: composite('a') });
  expect(await screen.findByText('Nothing is there.')).toBeDefined();
});

test('what the platform says stands at the field, once somebody has stopped typing, beside how the file changes', async () => {
  const findings = [{ field: 'spec.image', words: 'Another one, please.', policy: 'no-caddy', refuses: false }, { words: 'It is Sunday.', refuses: false }];
  const { user, asked } = page(() => Response.json(request), {}, true, () => Response.json({ ...preview, findings }));
  await user.type(await image(), ':2');
  const field = (await screen.findByText(/Another one, please/)).closest('form');
  expect(field?.textContent).toContain('Reported, not refused: Another one, please. (policy no-caddy)');
  expect(screen.getByText(/It is Sunday/)).toBeDefined();
  expect(asked()).toEqual([{ sha: 'abc', version: 'v1', spec: { image: 'nginx:2' } }]);
  const marks = [...screen.getByTestId('difference').querySelectorAll('[data-mark]')].map(each => each.textContent);
  expect(marks).toEqual(['- spec: {image: nginx}', '+ spec: {image: caddy}']);
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Open a pull request' }).disabled).toBe(false);
});

test('what would be refused cannot be sent', async () => {
  const findings = [{ field: 'spec.image', words: 'There is no such image.', refuses: true }];
  const { user } = page(() => Response.json(request), {}, true, () => Response.json({ ...preview, findings }));
  await user.type(await image(), ':2');
  expect(await screen.findByText(/Refused: There is no such image/)).toBeDefined();
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Open a pull request' }).disabled).toBe(true);
});

test('a judge that is away is told in a line, and holds nothing up', async () => {
  const { user } = page(() => Response.json(request), {}, true, () => Response.json({ ...preview, silent: 'it does not answer' }));
  await user.type(await image(), ':2');
  expect(await screen.findByText(/could not be asked \(it does not answer\)/)).toBeDefined();
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Open a pull request' }).disabled).toBe(false);
});

test('nobody is asked for a guest, nor about what is as it was', async () => {
  const { user, asked } = page(() => Response.json(request), {}, false);
  await user.type(await image(), ':2');
  await new Promise(resolve => setTimeout(resolve, 1_000));
  expect(asked()).toEqual([]);
});
