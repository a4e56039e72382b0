import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { GitServer } from '../testing/gitServer';
import { ingested } from '../testing/objects';
import { deliveries, deliveryDetails, deliveryOf, sync } from './delivery';
import { Application } from './objects';

const APPLICATIONS = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
const ARGO = 'https://portal.example/argocd';

let api: ApiServer;
let git: GitServer;
beforeEach(async () => {
  [api, git] = await Promise.all([ApiServer.start(), GitServer.start()]);
});
afterEach(() => Promise.all([api.stop(), git.stop()]));
const platform = () => ({ kube: api.kube, gitea: git.gitea });

const application = (status: Application['status'], spec: Application['spec'] = {}): Application => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'demo', namespace: 'argocd' },
  spec,
  status,
});
async function delivery(status: Application['status'], spec?: Application['spec']) {
  api.answers[APPLICATIONS] = list(application(status, spec));
  return (await deliveries(api.kube, ARGO))[0];
}

test('an application says where from and how far', async () => {
  const operationState = { phase: 'Succeeded', message: 'all done', finishedAt: '2026-11-29T00:00:00Z' };
  const status = { sync: { status: 'Synced', revision: 'abc' }, health: { status: 'Healthy' }, operationState };
  expect(await delivery(status, { sources: [{ path: 'demo', directory: { include: '*.yaml' } }] })).toEqual({
    name: 'demo',
    project: undefined,
    repository: undefined,
    isSyncing: false,
    differing: [],
    entity: undefined,
    sync: 'Synced',
    health: 'Healthy',
    path: 'demo/*.yaml',
    message: undefined,
    syncedAt: '2026-11-29T00:00:00Z',
    url: `${ARGO}/applications/argocd/demo`,
  });
  expect(await delivery(undefined)).toMatchObject({ sync: 'Unknown', health: 'Unknown', path: undefined });
});

test.each([
  ['a condition', { conditions: [{ type: 'OrphanedResource', message: 'no' }, { type: 'SyncError', message: 'cannot sync' }] }, 'cannot sync'],
  [
    'the resource that failed',
    { operationState: { phase: 'Failed', message: 'one failed', syncResult: { resources: [{ status: 'Synced', message: 'fine' }, { status: 'SyncFailed', message: 'denied' }] } } },
    'denied',
  ],
  ['an operation that failed', { operationState: { phase: 'Error', message: 'broken' } }, 'broken'],
  ['one that is tried again', { operationState: { phase: 'Running', message: 'denied. Retrying attempt #2' } }, 'denied. Retrying attempt #2'],
  ['health', { health: { status: 'Degraded', message: 'no pods' } }, 'no pods'],
  ['nothing, while it runs for the first time', { operationState: { phase: 'Running', message: 'waiting for hooks' } }, undefined],
])('a problem is told by %s', async (_, status, message) => {
  expect((await delivery(status)).message).toBe(message);
});

test('an object is delivered by the application that lists it, by group, kind, namespace and name', async () => {
  const resources = [
    { group: 'example.org', kind: 'App', namespace: 'demo', name: 'shop' },
    { kind: 'Namespace', name: 'demo' },
  ];
  api.answers[APPLICATIONS] = list(application({ resources }));
  const shop = { apiVersion: 'example.org/v1', kind: 'App', namespace: 'demo', name: 'shop' };
  const find = async (change: object) => (await deliveryOf(platform(), ARGO, { ...shop, ...change }))?.name;
  expect(await find({})).toBe('demo');
  expect(await find({ apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: 'demo' })).toBe('demo');
  for (const other of [{ apiVersion: 'other.org/v1' }, { kind: 'Database' }, { namespace: 'shop' }, { name: 'other' }]) {
    expect(await find(other)).toBeUndefined();
  }
});

const SHOP = { apiVersion: 'example.org/v1', kind: 'App', namespace: 'demo', name: 'shop' };
const FILE = 'demo/app/shop.yaml';
const TEXT = 'kind: App\napiVersion: example.org/v1\nmetadata: {name: shop}\nspec: {image: b, port: 80}\n';
const source = { repoURL: 'http://gitea/gitea/platform/demo-cluster.git', path: 'demo/app', directory: { include: 'shop.yaml' } };
const resources = [{ group: 'example.org', kind: 'App', namespace: 'demo', name: 'shop', status: 'OutOfSync' }];

/** The App in the cluster, and what brings it. */
function brought(spec: object, history: { revision?: string; deployedAt?: string }[] = []) {
  api.answers[APPLICATIONS] = list(application({ resources, history }, { source, project: 'demo-cluster' }));
  api.answers['/apis/example.org/v1'] = { resources: [{ name: 'apps', kind: 'App', namespaced: true }] };
  api.answers['/apis/example.org/v1/namespaces/demo/apps/shop'] = {
    ...SHOP, metadata: { name: 'shop', namespace: 'demo', uid: 'u', resourceVersion: '7' }, spec, status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

test('a thing has the commits of its own file, and the ones that were applied say when', async () => {
  brought({}, [{ revision: 'c1', deployedAt: '2026-11-28T12:01:00Z' }]);
  git.commits.push({ sha: 'c2', message: 'Change App shop', path: FILE }, { sha: 'x', message: 'Another app', path: 'demo/app/x.yaml' }, { sha: 'c1', message: 'Add App shop', path: FILE });
  const { history } = await deliveryDetails(platform(), SHOP);
  expect(history.map(({ sha, author, appliedAt }) => [sha, author, appliedAt])).toEqual([['c2', 'Ann', undefined], ['c1', 'Ann', '2026-11-28T12:01:00Z']]);
  expect((await deliveryOf(platform(), ARGO, SHOP))?.commit).toMatchObject({ sha: 'c2', title: 'Change App shop' });
});

test('what Git says is compared with the cluster, and what the cluster filled in is no difference', async () => {
  git.files.set(FILE, TEXT);
  brought({ port: 80, image: 'b', size: 'small' });
  const same = await deliveryDetails(platform(), SHOP);
  expect([same.hindrance, same.difference.filter(each => each.mark !== ' ')]).toEqual([undefined, []]);
  expect(same.tree).toEqual({ kind: 'App', name: 'shop', namespace: 'demo', health: 'Healthy', children: [] });
  brought({ port: 80, image: 'by hand' });
  const { difference } = await deliveryDetails(platform(), SHOP);
  expect(difference.filter(each => each.mark !== ' ').map(each => each.mark + each.text.trim())).toEqual(['-image: by hand', '+image: b']);
});

test('a file that nobody can read says so, and so does a folder', async () => {
  git.files.set(FILE, 'a: [');
  brought({});
  expect((await deliveryDetails(platform(), SHOP)).hindrance).toContain(`${FILE} cannot be read`);
  api.answers[APPLICATIONS] = list(application({ resources }, { source: { ...source, path: '.', directory: {} } }));
  expect((await deliveryDetails(platform(), SHOP)).hindrance).toContain('a folder of files');
});

test('all are listed, what is wrong first, with the entity that each one brings', async () => {
  const good: Application = { ...application({ sync: { status: 'Synced' }, health: { status: 'Healthy' } }), metadata: { name: 'a', namespace: 'argocd' } };
  api.answers[APPLICATIONS] = list(good, application({ resources }, { source, project: 'demo-cluster' }));
  expect(await deliveries(api.kube, undefined, [ingested('shop')])).toMatchObject([
    { name: 'demo', repository: 'platform/demo-cluster', project: 'demo-cluster', differing: ['App demo/shop'], entity: 'component:demo/shop', url: undefined },
    { name: 'a', entity: undefined },
  ]);
});

test('a sync is asked for in the name of a person, as the application wants it, and once at a time', async () => {
  const one = application({}, { syncPolicy: { automated: { prune: true }, syncOptions: ['ServerSideApply=true'] } });
  api.answers[`${APPLICATIONS}/demo`] = one;
  await sync(api.kube, 'demo', 'user:default/ann');
  expect(api.changes).toMatchObject([{
    path: `${APPLICATIONS}/demo`,
    type: 'application/merge-patch+json',
    body: { operation: { initiatedBy: { username: 'user:default/ann' }, sync: { prune: true, syncOptions: ['ServerSideApply=true'] } } },
  }]);
  api.answers[`${APPLICATIONS}/demo`] = { ...one, operation: {} };
  await expect(sync(api.kube, 'demo', 'user:default/ann')).rejects.toThrow('being synced already');
  await expect(sync(api.kube, 'other', 'user:default/ann')).rejects.toThrow('no application other');
  expect(api.changes).toHaveLength(1);
});
