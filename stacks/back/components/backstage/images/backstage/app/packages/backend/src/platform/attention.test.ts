import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { xrd } from '../testing/objects';
import { concerns } from './attention';

const APPLICATIONS = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
const XRDS = '/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions';
const EVENTS = `/api/v1/events?fieldSelector=${encodeURIComponent('type=Warning,involvedObject.kind=CompositeResourceDefinition')}`;
const NOW = Date.parse('2026-11-29T12:00:00Z');

let api: ApiServer;
beforeEach(async () => {
  vi.spyOn(Date, 'now').mockReturnValue(NOW);
  api = await ApiServer.start();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await api.stop();
});

const application = (name: string, sync: string, health: string, message?: string) => ({
  metadata: { name, namespace: 'argocd' },
  spec: {},
  status: { sync: { status: sync }, health: { status: health, message } },
});
const titles = async () => (await concerns(api.kube, 'https://argo')).map(each => each.title);

test('applications that do not come right by themselves are told', async () => {
  api.answers[APPLICATIONS] = list(
    application('fine', 'Synced', 'Healthy'),
    application('on-its-way', 'OutOfSync', 'Progressing'),
    application('stuck', 'OutOfSync', 'Progressing', 'denied'),
    application('broken', 'Synced', 'Degraded', 'no pods'),
    application('gone', 'Synced', 'Missing'),
  );
  expect(await concerns(api.kube, 'https://argo')).toEqual([
    { title: 'Application stuck is OutOfSync', reason: 'denied', url: 'https://argo/applications/argocd/stuck' },
    { title: 'Application broken is Degraded', reason: 'no pods', url: 'https://argo/applications/argocd/broken' },
    { title: 'Application gone is Missing', reason: 'Argo CD gives no reason.', url: 'https://argo/applications/argocd/gone' },
  ]);
});

const unserved = (age: number, message?: string) => ({
  ...xrd(),
  metadata: { name: 'apps.example.org', creationTimestamp: new Date(NOW - age * 1000).toISOString() },
  status: { conditions: [{ type: 'Established', status: 'False', message }] },
});

test('a new API that is not served is told after a minute, an established one never', async () => {
  api.answers[XRDS] = list(unserved(59));
  expect(await titles()).toEqual([]);
  api.answers[XRDS] = list(unserved(61, 'a name is taken'));
  expect(await concerns(api.kube, '')).toEqual([{ title: 'The API apps.example.org is not served', reason: 'a name is taken' }]);
  api.answers[XRDS] = list({ ...xrd(), metadata: unserved(61).metadata });
  expect(await titles()).toEqual([]);
});

test('what Crossplane last warned of is the reason, at once', async () => {
  const event = (lastTimestamp: string, message: string, name = 'apps.example.org') => ({ involvedObject: { name }, lastTimestamp, message });
  api.answers[XRDS] = list(unserved(1));
  api.answers[EVENTS] = list(event('2026-11-29T11:00:00Z', 'older'), event('2026-11-29T11:30:00Z', 'newer'), event('2026-11-29T11:40:00Z', 'other', 'x'));
  expect((await concerns(api.kube, '')).map(each => each.reason)).toEqual(['newer']);
});
