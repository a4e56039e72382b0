import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { Cause, Diagnosis } from '@backstack/common';
import { composite, show } from '../testing/show';
import { StatusCard } from './StatusCard';

const cause = (over: Partial<Cause>): Cause => ({
  fault: 'no-image', verdict: 'broken', object: { kind: 'Pod', namespace: 'demo', name: 'shop-1' }, summary: 'its image does not exist', next: 'Give another image.',
  evidence: [{ source: 'event Failed', text: 'not found' }], ...over,
});
const card = (diagnosis: Partial<Diagnosis>) =>
  show(<StatusCard />, { entity: composite('shop'), routes: () => Response.json({ subject: 'App:demo/shop', verdict: 'healthy', causes: [], ...diagnosis }) });

test('what runs is said to run, with what was before', async () => {
  const calls = card({ past: ['restarted 3 times until 12:04'] });
  expect(await screen.findByText('✓ Runs')).toBeDefined();
  expect(screen.getByText('Before: restarted 3 times until 12:04')).toBeDefined();
  expect(calls.map(each => each.route)).toEqual(['entity/component/demo/shop/diagnosis']);
});

test('what does not run says why, what to do, and leads to the field', async () => {
  card({ verdict: 'broken', causes: [cause({ change: { object: 'App:demo/shop', field: 'spec.image' } })] });
  expect(await screen.findByText('✗ Does not run')).toBeDefined();
  expect(screen.getByText('Pod shop-1: its image does not exist')).toBeDefined();
  expect(screen.getByText('event Failed: not found')).toBeDefined();
  expect(screen.getByText('Give another image.')).toBeDefined();
  expect(screen.getByRole('button', { name: 'Change image' }).getAttribute('href')).toBe('/catalog/demo/component/shop/change?field=spec.image');
});

test('a field of something else is nobody\'s to change here, and many causes are told by number', async () => {
  const causes = [1, 2, 3, 4, 5].map(number => cause({ summary: `cause ${number}`, change: { object: 'App:demo/other', field: 'spec.image' } }));
  card({ verdict: 'broken', causes });
  expect(await screen.findByText('Pod shop-1: cause 3')).toBeDefined();
  expect(screen.queryByText('Pod shop-1: cause 4')).toBeNull();
  expect(screen.getByText('And 2 more.')).toBeDefined();
  expect(screen.queryByRole('button', { name: /^Change/ })).toBeNull();
});

test('evidence that is in the sentence already is not told again', async () => {
  const evidence = [{ source: 'policy `a`', text: 'no nginx' }, { source: 'Git', text: 'demo/app/shop.yaml:3' }];
  card({ verdict: 'imperfect', causes: [cause({ summary: 'policy `a` fails: no nginx', evidence })] });
  expect(await screen.findByText('Git: demo/app/shop.yaml:3')).toBeDefined();
  expect(screen.queryByText(/^policy `a`: no nginx/)).toBeNull();
});

test('of itself it speaks without its name', async () => {
  card({ verdict: 'imperfect', causes: [cause({ verdict: 'imperfect', object: { kind: 'App', namespace: 'demo', name: 'shop' } })] });
  expect(await screen.findByText('its image does not exist')).toBeDefined();
  expect(screen.getByText('! Runs, with a flaw')).toBeDefined();
});
