import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { applications, deliveryOf } from './delivery';
import { Application } from './objects';

const APPLICATIONS = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
const ARGO = 'https://portal.example/argocd';

let api: ApiServer;
beforeEach(async () => {
  api = await ApiServer.start();
});
afterEach(() => api.stop());

const application = (status: Application['status'], spec: Application['spec'] = {}): Application => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'demo', namespace: 'argocd' },
  spec,
  status,
});
async function delivery(status: Application['status'], spec?: Application['spec']) {
  api.answers[APPLICATIONS] = list(application(status, spec));
  return (await applications(api.kube, ARGO))[0].delivery;
}

test('an application says where from and how far', async () => {
  const operationState = { phase: 'Succeeded', message: 'all done', finishedAt: '2026-11-29T00:00:00Z' };
  const status = { sync: { status: 'Synced', revision: 'abc' }, health: { status: 'Healthy' }, operationState };
  expect(await delivery(status, { sources: [{ path: 'demo', directory: { include: '*.yaml' } }] })).toEqual({
    name: 'demo',
    sync: 'Synced',
    health: 'Healthy',
    revision: 'abc',
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
  const find = async (change: object) => (await deliveryOf(api.kube, ARGO, { ...shop, ...change }))?.name;
  expect(await find({})).toBe('demo');
  expect(await find({ apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: 'demo' })).toBe('demo');
  for (const other of [{ apiVersion: 'other.org/v1' }, { kind: 'Database' }, { namespace: 'shop' }, { name: 'other' }]) {
    expect(await find(other)).toBeUndefined();
  }
});
