import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { logOf, podsOf } from './pods';

const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'demo', name: 'shop' };
const pod = (name: string, owner: string, ready: boolean, restartCount = 0) => ({
  metadata: { name, namespace: 'demo', uid: name, creationTimestamp: '2026-11-29T00:00:00Z', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner }] },
  spec: { containers: [{ name: 'main' }] },
  status: { phase: ready ? 'Running' : 'Pending', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }], containerStatuses: [{ ready, restartCount }] },
});
const LOG = '/api/v1/namespaces/demo/pods/shop-1/log?tailLines=300&timestamps=true';

let api: ApiServer;
beforeEach(async () => {
  api = await ApiServer.start({
    '/apis/apps/v1': { resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true }] },
    '/apis/apps/v1/namespaces/demo/deployments/shop': { ...reference, metadata: { name: 'shop', namespace: 'demo', uid: 'd' } },
    '/apis/apps/v1/namespaces/demo/replicasets': list({ metadata: { name: 'rs', namespace: 'demo', uid: 'rs', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', uid: 'd' }] } }),
    '/api/v1/namespaces/demo/pods': list(pod('shop-1', 'rs', true, 2), pod('shop-2', 'rs', false), pod('strange', 'other', true)),
  });
});
afterEach(() => api.stop());

test('a plain Deployment has its pods, those that need somebody first', async () => {
  expect(await podsOf(api.kube, reference)).toMatchObject([
    { name: 'shop-2', health: 'Progressing', phase: 'Pending', ready: 0, containers: ['main'] },
    { name: 'shop-1', health: 'Healthy', ready: 1, restarts: 2 },
  ]);
});

test('its pods tell their last lines, also of the container that ended before', async () => {
  api.answers[LOG] = 'a line\n';
  api.answers[`${LOG}&container=main&previous=true`] = 'before\n';
  expect(await logOf(api.kube, reference, 'shop-1')).toEqual({ text: 'a line\n' });
  expect(await logOf(api.kube, reference, 'shop-1', 'main', true)).toEqual({ text: 'before\n' });
});

test('nobody reads pods of others by it, and a pod that has no log says why', async () => {
  await expect(logOf(api.kube, reference, 'strange')).rejects.toThrow('has no pod strange');
  api.answers[LOG] = 400;
  await expect(logOf(api.kube, reference, 'shop-1')).rejects.toThrow('refused');
});
