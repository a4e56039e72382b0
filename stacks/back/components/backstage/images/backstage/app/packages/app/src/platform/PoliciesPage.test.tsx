import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Policy } from '@backstack/common';
import { composite, show } from '../testing/show';
import { PoliciesPage } from './PoliciesPage';

const broken: Policy = {
  name: 'no-nginx', kind: 'ValidatingPolicy', title: 'No nginx image', category: 'Images', severity: 'medium',
  description: 'Apps bring their own program.', refuses: false, failing: 2, passing: 1,
  results: [
    { kind: 'App', name: 'shop', namespace: 'demo', result: 'fail', message: 'set spec.image' },
    { kind: 'App', name: 'other', namespace: 'shop', result: 'fail', message: 'set it, too' },
    { kind: 'App', name: 'fine', namespace: 'demo', result: 'pass', message: 'all is well' },
  ],
};
const quiet: Policy = { name: 'quiet', kind: 'ClusterPolicy', title: 'Quiet', refuses: true, failing: 0, passing: 0, results: [] };

const page = (items: Policy[]) => show(<PoliciesPage />, { routes: () => Response.json({ items }), entities: [composite('shop')] });

test('each policy says why it is there, what breaks it, and leads to that', async () => {
  page([broken, quiet]);
  const one = within(await screen.findByTestId('policy-no-nginx'));
  for (const text of ['2 to fix', 'Severity: medium', 'Only reports', 'Apps bring their own program.', 'set spec.image', '1 pass']) {
    expect(one.getByText(text)).toBeDefined();
  }
  expect((await one.findByRole('link', { name: 'App shop' })).getAttribute('href')).toBe('/catalog/demo/component/shop');
  expect(one.queryByRole('link', { name: 'App other' })).toBeNull();
  expect(one.queryByText('all is well')).toBeNull();
  const other = within(screen.getByTestId('policy-quiet'));
  expect(other.getByText('Nothing to judge')).toBeDefined();
  expect(other.getByText('Refuses what breaks it')).toBeDefined();
});

test('one namespace is looked at by itself', async () => {
  const user = userEvent.setup();
  page([broken]);
  await user.click(await screen.findByLabelText('Namespace'));
  await user.click(await screen.findByRole('option', { name: 'shop' }));
  expect(screen.getByText('1 to fix')).toBeDefined();
  expect(screen.queryByText('set spec.image')).toBeNull();
});

test('a policy that does not work says why; where there are none, that is said', async () => {
  page([{ ...quiet, problem: 'no such kind' }]);
  expect(await screen.findByText('It does not work: no such kind')).toBeDefined();
  expect(screen.getByText('Does not work')).toBeDefined();
  page([]);
  expect(await screen.findByText('This platform has no policies.')).toBeDefined();
});
