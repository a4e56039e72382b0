import { expect, test } from 'vitest';
import type { Cause, Diagnosis } from '@backstack/common';
import { ingested } from '../testing/objects';
import { statesOf, statesUnknown } from './states';

const cause = (over: Partial<Cause>): Cause => ({
  fault: 'x', verdict: 'broken', object: { kind: 'Pod', namespace: 'demo', name: 'p' }, summary: 'it crashes', next: 'look', evidence: [], ...over,
});
const told = (...causes: Cause[]): Diagnosis => ({ subject: 'platform', verdict: 'broken', causes });
const entities = [ingested('shop'), ingested('other')];

test('an entity is as the worst that is said of it, of what it is mended in, or of what takes it down', () => {
  const app = { kind: 'App', namespace: 'demo', name: 'shop' };
  const broken = { verdict: 'broken', summary: 'it crashes' };
  for (const each of [cause({ object: app }), cause({ change: { object: 'App:demo/shop', field: 'spec.image' } }), cause({ affects: ['App demo/shop'] })]) {
    expect(statesOf(told(each), entities).states).toEqual({ 'component:demo/shop': broken, 'component:demo/other': { verdict: 'healthy' } });
  }
  const two = told(cause({ object: app, verdict: 'starting', summary: 'waits' }), cause({ object: app }));
  expect(statesOf(two, entities).states['component:demo/shop']).toEqual({ verdict: 'starting', summary: 'waits' });
});

test('what is on its way needs nobody; the rest leads to its page if it has one', () => {
  const causes = told(
    cause({ object: { kind: 'Node', name: 'n' }, verdict: 'imperfect', summary: 'is full' }),
    cause({ change: { object: 'App:demo/shop', field: 'spec.image' } }),
    cause({ verdict: 'starting' }),
  );
  expect(statesOf(causes, entities).concerns).toEqual([
    { title: 'Pod demo/p', reason: 'it crashes', next: 'look', entity: 'component:demo/shop' },
    { title: 'Node n', reason: 'is full', next: 'look', entity: undefined },
  ]);
});

test('of what was ordered some is told, what is wrong first, also while nobody knows how it is', () => {
  const many = Array.from({ length: 2000 }, (_, index) => ingested(`app-${String(index).padStart(4, '0')}`));
  const began = performance.now();
  const { ordered, states } = statesOf(told(cause({ object: { kind: 'App', namespace: 'demo', name: 'app-1999' } })), many);
  expect(performance.now() - began).toBeLessThan(1000);
  expect(ordered.map(each => each.title)).toEqual(['app-1999', 'app-0000', 'app-0001', 'app-0002', 'app-0003', 'app-0004', 'app-0005']);
  expect(Object.keys(states)).toHaveLength(2000);
  expect(statesUnknown(many.slice(0, 1), 'the judge is away')).toEqual({
    states: {}, concerns: [], ordered: [{ entity: 'component:demo/app-0000', title: 'app-0000', kind: 'App', namespace: 'demo' }], silent: 'the judge is away',
  });
});
