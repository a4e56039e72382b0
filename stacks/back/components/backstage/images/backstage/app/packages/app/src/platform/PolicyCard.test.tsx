import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { PolicyResult } from '@backstack/common';
import { composite, show } from '../testing/show';
import { PolicyCard } from './PolicyCard';

const answer = (items: PolicyResult[], applies = true) => () => Response.json({ items, applies });

test('a policy that fails says why, and how many there are to fix', async () => {
  const items: PolicyResult[] = [
    { policy: 'limits', result: 'fail', message: 'set spec.memory', resources: ['App a', 'Pod a-1', 'Pod a-1'] },
    { policy: 'names', result: 'pass', message: 'fine', resources: ['App a'] },
  ];
  const calls = show(<PolicyCard />, { entity: composite('a'), routes: answer(items) });
  const failing = within(await screen.findByTestId('policy-limits'));
  expect(failing.getByText('Fails')).toBeDefined();
  expect(failing.getByText('set spec.memory')).toBeDefined();
  expect(failing.getByText('App a, Pod a-1')).toBeDefined();
  expect(screen.getByText('1 to fix')).toBeDefined();
  // What passes needs no reason.
  expect(screen.queryByText('fine')).toBeNull();
  expect(calls).toEqual([{ route: 'entity/component/demo/a/policies', body: undefined }]);
});

test('where nothing fails, all is good', async () => {
  show(<PolicyCard />, { entity: composite('a'), routes: answer([{ policy: 'names', result: 'pass', resources: ['App a'] }]) });
  expect(await screen.findByText('All good')).toBeDefined();
});

test('where nothing was judged, nothing is said to be good', async () => {
  show(<PolicyCard />, { entity: composite('a'), routes: answer([]) });
  expect(await screen.findByText(/^No policy has judged this yet/)).toBeDefined();
  expect(screen.queryByText('All good')).toBeNull();
});

test('what no policy is about says so, and leads to all of them', async () => {
  show(<PolicyCard />, { entity: composite('a'), routes: answer([], false) });
  expect(await screen.findByText(/^No policy applies to this/)).toBeDefined();
  expect(screen.getByRole('link', { name: /All policies/ }).getAttribute('href')).toBe('/policies');
});

test('a refusal is shown in the back end\'s own words', async () => {
  show(<PolicyCard />, { entity: composite('a') });
  expect(await screen.findByText('nothing is there')).toBeDefined();
});

test('while Kyverno is away it is told that what is shown is of before', async () => {
  show(<PolicyCard />, { entity: composite('shop'), routes: () => Response.json({ items: [], applies: true, away: ['kyverno-admission-controller', 'kyverno-reports-controller'] }) });
  expect(await screen.findByText(/Kyverno is not all there/)).toBeDefined();
  expect(screen.getByText(/kyverno-admission-controller, kyverno-reports-controller do not run/)).toBeDefined();
});
