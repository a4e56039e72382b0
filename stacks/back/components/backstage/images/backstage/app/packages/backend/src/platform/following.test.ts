import { SchedulerService } from '@backstage/backend-plugin-api';
import { ConflictError } from '@backstage/errors';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer } from '../testing/apiServer';
import { Log } from '../testing/log';
import { xrd } from '../testing/objects';
import { Following } from './following';
import { Versions } from './versions';

const EXTENSIONS = '/apis/apiextensions.crossplane.io/v2';
const XRDS = `${EXTENSIONS}/compositeresourcedefinitions`;
const kinds = (kind: string, name: string) => ({ resources: [{ name, kind, namespaced: true }] });
const inCluster = (...items: object[]) => ({ items, metadata: { resourceVersion: '1' } });

let api: ApiServer;
let following: Following;
let log: Log;
let done: string[];
/** What the scheduler says next. */
let refusals: Error[];

beforeEach(async () => {
  [log, done, refusals] = [new Log(), [], []];
  api = await ApiServer.start({ '/apis/apps/v1': kinds('Deployment', 'deployments'), '/apis/apps/v1/deployments': inCluster() });
  const note = (what: string) => () => Promise.resolve(void done.push(what));
  const triggerTask = (task: string) => {
    const refused = refusals.shift();
    done.push(task);
    return refused ? Promise.reject(refused) : Promise.resolve();
  };
  following = new Following({
    kube: api.kube,
    scheduler: { triggerTask } as unknown as SchedulerService,
    logger: log,
    versions: new Versions(),
    templates: note('templates'),
    look: () => note('look')().then(() => undefined),
  });
});
afterEach(async () => {
  following.stop();
  await api.stop();
});

const soon = (what: () => unknown) => expect.poll(what);
const deployment = (resourceVersion: string, generation: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'demo', uid: '1', resourceVersion, generation },
});

test('a workload that comes is brought and looked at; its status is nobody\'s business', async () => {
  following.start();
  await soon(() => api.watches.has('/apis/apps/v1/deployments')).toBe(true);
  api.tell('/apis/apps/v1/deployments', { type: 'ADDED', object: deployment('2', 1) });
  await soon(() => [...done].sort()).toEqual(['KubernetesEntityProvider', 'look']);
  api.tell('/apis/apps/v1/deployments', { type: 'MODIFIED', object: deployment('3', 1) });
  api.tell('/apis/apps/v1/deployments', { type: 'MODIFIED', object: deployment('4', 2) });
  await soon(() => done.filter(each => each === 'look').length).toBe(2);
  expect(done.filter(each => each === 'KubernetesEntityProvider')).toHaveLength(1);
});

test('a new API is offered, and what is ordered with it is followed', async () => {
  api.answers[EXTENSIONS] = kinds('CompositeResourceDefinition', 'compositeresourcedefinitions');
  api.answers[XRDS] = inCluster(xrd([{ name: 'v1', served: true }, { name: 'v2', served: false }]));
  api.answers['/apis/example.org/v1'] = kinds('App', 'apps');
  api.answers['/apis/example.org/v1/apps'] = inCluster();
  following.start();
  await soon(() => api.watches.has('/apis/example.org/v1/apps')).toBe(true);
  await soon(() => [...done].sort()).toEqual(['KubernetesEntityProvider', 'XRDTemplateEntityProvider', 'templates']);
  // Version v2 is not served.
  expect(api.asked).not.toContain('/apis/example.org/v2');
});

test('a task that runs already is run once more; any other refusal is told', async () => {
  refusals = [new ConflictError('it runs')];
  following.start();
  await soon(() => api.watches.has('/apis/apps/v1/deployments')).toBe(true);
  api.tell('/apis/apps/v1/deployments', { type: 'ADDED', object: deployment('2', 1) });
  await soon(() => done.filter(each => each === 'KubernetesEntityProvider').length).toBe(2);
  expect(log.lines.filter(each => each.startsWith('warn'))).toEqual([]);
  refusals = [new Error('no such scheduler')];
  api.tell('/apis/apps/v1/deployments', { type: 'DELETED', object: deployment('3', 1) });
  await soon(() => log.lines).toContain('warn: KubernetesEntityProvider was not started: Error: no such scheduler');
});

test('what a namespace says is looked at when it changes, and offered where orders may go', async () => {
  const place = (resourceVersion: string, owner: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo', uid: '1', resourceVersion, labels: { owner } } });
  api.answers['/api/v1'] = { resources: [{ name: 'namespaces', kind: 'Namespace', namespaced: false }] };
  api.answers['/api/v1/namespaces'] = inCluster();
  following.start();
  await soon(() => api.watches.has('/api/v1/namespaces')).toBe(true);
  api.tell('/api/v1/namespaces', { type: 'ADDED', object: place('2', 'a') });
  await soon(() => [...done].sort()).toEqual(['look', 'templates']);
  api.tell('/api/v1/namespaces', { type: 'MODIFIED', object: place('3', 'b') });
  await soon(() => done.filter(each => each === 'look').length).toBe(2);
});

test('others of the portal hear which kind has changed', async () => {
  const heard: string[] = [];
  following.stop();
  following = new Following({
    kube: api.kube, scheduler: {} as SchedulerService, logger: log, versions: new Versions(), templates: () => Promise.resolve(), look: () => Promise.resolve(undefined), tell: kind => heard.push(kind),
  });
  following.start();
  await soon(() => api.watches.has('/apis/apps/v1/deployments')).toBe(true);
  api.tell('/apis/apps/v1/deployments', { type: 'MODIFIED', object: deployment('2', 1) });
  await soon(() => heard).toEqual(['Deployment']);
});
