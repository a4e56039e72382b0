import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer } from '../testing/apiServer';
import { GitServer } from '../testing/gitServer';
import { Check, Review } from './gitea';
import { ordersOf } from './orders';

const ann = { ref: 'user:default/ann', groups: ['user:default/ann', 'group:default/developers'] };
const bob = { ref: 'user:default/bob', groups: ['user:default/bob', 'group:default/reviewers'] };
const PATH = 'demo/app/shop.yaml';
const TEXT = 'apiVersion: example.org/v1\nkind: App\nmetadata: { name: shop }\n';
const OBJECT = '/apis/example.org/v1/namespaces/demo/apps/shop';

let git: GitServer;
let api: ApiServer;
beforeEach(async () => {
  git = await GitServer.start();
  api = await ApiServer.start({ '/apis/example.org/v1': { resources: [{ name: 'apps', kind: 'App', namespaced: true }] } });
});
afterEach(async () => {
  await git.stop();
  await api.stop();
});

const order = (content = TEXT, who = 'ann') =>
  git.gitea.propose('portal/demo/app/shop/', 'Add App shop to demo', `Ordered in the portal by \`user:default/${who}\`.`, [{ path: PATH, content }]);
const orders = (person = ann) => ordersOf({ kube: api.kube, gitea: git.gitea }, person, ['developers']);
const words = async () => (await orders()).mine.map(each => each.progress.words);

function merge(content = TEXT) {
  const pull = git.pulls[git.pulls.length - 1];
  // Its branch is deleted with the merge, and Gitea calls it otherwise.
  Object.assign(pull, { state: 'closed', merged: true, head: { ...pull.head, ref: `refs/pull/${pull.number}/head` } });
  git.files.set(PATH, content);
}

test('who ordered sees the order, who was asked sees that it waits, and nobody else sees either', async () => {
  await order();
  expect([...git.branches.values()][0].message).toBe('Add App shop to demo\n\nOrdered-for: user:default/ann');
  const [mine] = (await orders()).mine;
  expect(mine).toMatchObject({ repository: 'platform/demo-cluster', number: 1, page: '/catalog/demo/component/shop', person: 'user:default/ann', mayApprove: true });
  expect(mine.url).toBe('https://git.example/gitea/platform/demo-cluster/pulls/1');
  expect(mine.api).toBe('https://git.example/gitea/api/v1/repos/platform/demo-cluster/pulls/1');
  expect((await orders()).waiting).toEqual([]);
  expect(await orders(bob)).toMatchObject({ mine: [], waiting: [{ number: 1, mayApprove: false }] });
  expect(await orders({ ref: 'user:default/eve', groups: [] })).toMatchObject({ mine: [], waiting: [] });
});

test('whoever is asked about their own order has it once', async () => {
  await order(TEXT, 'bob');
  expect(await orders(bob)).toMatchObject({ mine: [{ number: 1 }], waiting: [] });
});

const passed: Check = { context: 'files', status: 'success' };
const approved: Review = { state: 'APPROVED', official: true, user: { login: 'bob' } };

test.each<[string, Check[], Review[]]>([
  ['Waits for the check of its files', [], []],
  ['Refused by the check “files”: no YAML', [{ context: 'files', status: 'failure', description: 'no YAML' }], [approved]],
  ['Waits for a review', [passed], []],
  ['Waits for a review', [passed], [{ ...approved, stale: true }]],
  ['Waits for a review', [passed], [{ ...approved, official: false }]],
  ['bob asks for changes', [passed], [approved, { ...approved, state: 'REQUEST_CHANGES' }]],
  ['Approved: waits for somebody to merge it', [passed], [approved]],
])('an open order tells: %s', async (expected, checks, reviews) => {
  await order();
  git.checks.set('commit-1', checks);
  git.reviews.set(1, reviews);
  expect(await words()).toEqual([expected]);
});

test('an order that conflicts says so', async () => {
  await order();
  git.pulls[0].mergeable = false;
  expect((await words())[0]).toMatch(/^Conflicts/);
  // Git was only looking: soon it knows better.
  setTimeout(() => Object.assign(git.pulls[0], { mergeable: true }), 300);
  expect(await words()).toEqual(['Waits for the check of its files']);
});

test('what was merged is followed until it runs', async () => {
  await order();
  merge();
  expect(await words()).toEqual(['Merged, and on its way into the cluster']);
  const state = (...conditions: object[]) => {
    api.answers[OBJECT] = { metadata: { name: 'shop' }, status: { conditions } };
  };
  state({ type: 'Synced', status: 'True' });
  expect(await words()).toEqual(['Merged, and being made']);
  state({ type: 'Synced', status: 'False', message: 'no such size' });
  expect(await words()).toEqual(['Does not run: no such size']);
  state({ type: 'Ready', status: 'True' });
  expect(await words()).toEqual(['Runs']);
  git.files.delete(PATH);
  expect((await words())[0]).toMatch(/^Merged: its file is gone/);
});

test('of one thing, the last merged order counts; what is long over is not listed', async () => {
  await order();
  merge();
  await order('a: 2\n');
  merge();
  expect((await orders()).mine.map(each => each.number)).toEqual([2]);
  git.pulls.forEach(each => Object.assign(each, { updated_at: '2020-01-01T00:00:00Z' }));
  expect((await orders()).mine).toEqual([]);
});

test('with four eyes, nobody approves what they ordered', async () => {
  git.required = ['files', 'second person'];
  await order();
  const mine = await orders();
  expect(mine.rule).toBe('Somebody other than the person who ordered has to approve.');
  expect(mine.mine[0].mayApprove).toBe(false);
  expect((await orders({ ref: 'user:default/carl', groups: ['group:default/reviewers', 'group:default/developers'] })).waiting[0].mayApprove).toBe(true);
});

test('what somebody opens by hand elsewhere waits for all who may approve, but for them', async () => {
  git.pulls.push({ number: 1, title: 'Add an API', body: '', state: 'open', user: { login: 'bob' }, head: { ref: 'api', sha: 'c' } });
  const elsewhere = (person: typeof ann) => ordersOf({ kube: api.kube, gitea: git.gitea }, person, ['reviewers'], [git.gitea.of('platform/demo-cluster')]);
  const carl = { ref: 'user:default/carl', groups: ['group:default/reviewers'] };
  expect((await elsewhere(carl)).waiting).toMatchObject([{ number: 1, title: 'Add an API', mayApprove: true, page: undefined }]);
  expect((await elsewhere(bob)).waiting).toEqual([]);
  expect((await elsewhere(ann)).waiting).toEqual([]);
});
