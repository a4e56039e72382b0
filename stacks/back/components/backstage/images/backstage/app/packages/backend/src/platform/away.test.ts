import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { Away } from './away';

let api: ApiServer;
beforeEach(async () => {
  api = await ApiServer.start();
});
afterEach(async () => {
  vi.useRealTimers();
  await api.stop();
});

test('what has no ready pod is away, also where somebody wants none of it; back again, it is told so', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
  const path = '/apis/apps/v1/namespaces/argocd';
  api.answers[`${path}/deployments`] = list({ metadata: { name: 'server' }, status: { readyReplicas: 1 } }, { metadata: { name: 'repo-server' }, status: {} });
  api.answers[`${path}/statefulsets`] = list({ metadata: { name: 'controller' }, spec: { replicas: 0 } });
  const away = new Away(api.kube);
  expect(await away.in('argocd')).toEqual(['controller', 'repo-server']);
  api.answers[`${path}/statefulsets`] = api.answers[`${path}/deployments`] = list();
  expect(await away.in('argocd')).toHaveLength(2);
  vi.setSystemTime(1_005_000);
  expect(await away.in('argocd')).toEqual([]);
});
