import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer } from '../testing/apiServer';
import { Log } from '../testing/log';
import { learnerOf, Learners, ProgressMap } from './learners';

const PATH = '/api/v1/namespaces/backstack-system/configmaps';
const LIST = `${PATH}?labelSelector=backstack.dev%2Fworkshop%3Dprogress`;
const progress = (name: string, resourceVersion: string, data: Record<string, string>): ProgressMap => ({
  apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'backstack-system', resourceVersion }, data,
});

let api: ApiServer;
let learners: Learners;
let told: number;
beforeEach(async () => {
  told = 0;
  const first = progress('workshop-ann', '1', { learner: 'ann', track: 'developer', step: 'sign-in', done: '[]' });
  api = await ApiServer.start({ [LIST]: { items: [first], metadata: { resourceVersion: '1' } } });
  learners = new Learners(api.kube, () => { told += 1; }, new Log());
});
afterEach(async () => {
  learners.stop();
  await api.stop();
});

test('who comes further is known at once, without asking again', async () => {
  await expect.poll(() => learners.all()).toEqual([{ name: 'ann', track: 'developer', step: 'sign-in', done: [] }]);
  await expect.poll(() => api.watches.has(PATH)).toBe(true);
  const done = '[{"track": "developer", "step": "sign-in", "at": "2026-11-29T12:00:00Z"}]';
  api.tell(PATH, { type: 'MODIFIED', object: progress('workshop-ann', '2', { learner: 'ann', track: 'developer', step: 'order', done }) });
  await expect.poll(() => learners.all()).toEqual([{ name: 'ann', track: 'developer', step: 'order', done: ['sign-in'] }]);
  api.tell(PATH, { type: 'DELETED', object: progress('workshop-ann', '3', {}) });
  await expect.poll(() => learners.all()).toEqual([]);
  expect(told).toBe(3);
  expect(api.asked.filter(each => each === LIST)).toHaveLength(1);
});

test.each([
  ['[{"track": "t", "step": "sign-in", "at": "2026-11-29T12:00:00Z"}, {"track": "other", "step": "order"}]', ['sign-in']],
  ['[]', []],
  ['{"sign-in": true}', []],
  ['no JSON', []],
])('of what is done, the steps of the track count: %s', (done, expected) => {
  expect(learnerOf(progress('a', '1', { track: 't', done }))?.done).toEqual(expected);
});

test('who learns beside others says whom they are like', () => {
  expect(learnerOf(progress('a', '1', { learner: 'ada', track: 't', like: 'developer' }))).toMatchObject({ name: 'ada', like: 'developer' });
});

test('what says of no track is no learner; without a name, the ConfigMap\'s stands for it', () => {
  expect(learnerOf(progress('a', '1', {}))).toBeUndefined();
  expect(learnerOf(progress('a', '1', { track: 't' }))).toEqual({ name: 'a', track: 't', step: undefined, done: [] });
});
