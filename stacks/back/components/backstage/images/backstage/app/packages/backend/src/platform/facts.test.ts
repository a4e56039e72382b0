import { Entity } from '@backstage/catalog-model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer } from '../testing/apiServer';
import { ingested } from '../testing/objects';
import { Facts } from './facts';
import { KubeObject, Reference } from './objects';

const reference = { apiVersion: 'example.org/v1', kind: 'App', name: 'shop', namespace: 'demo' };
const OBJECT = '/apis/example.org/v1/namespaces/demo/apps/shop';

/** What is known of the cluster, by kind. */
let cluster: Record<string, Partial<KubeObject['metadata']>>;
let api: ApiServer;
let facts: Facts;
beforeEach(async () => {
  cluster = { App: {}, Namespace: {} };
  api = await ApiServer.start({ '/apis/example.org/v1': { resources: [{ name: 'apps', kind: 'App', namespaced: true }] } });
  const find = ({ kind, apiVersion, name }: Reference) => cluster[kind] && ({ apiVersion, kind, metadata: { name, ...cluster[kind] } });
  facts = new Facts(api.kube, find);
});
afterEach(() => api.stop());

test('an owner is whom the object names, else its namespace, else the usual one', () => {
  expect(facts.ownerOf(reference)).toBe('group:default/developers');
  cluster.Namespace = { labels: { 'backstack.dev/owner': 'sales' } };
  expect(facts.ownerOf(reference)).toBe('group:default/sales');
  expect(facts.ownerOfNamespace('demo')).toBe('group:default/sales');
  cluster.App = { annotations: { 'terasky.backstage.io/owner': 'user:default/ann' } };
  expect(facts.ownerOf(reference)).toBe('user:default/ann');
  cluster = {};
  expect(facts.ownerOf(reference)).toBe('group:default/developers');
});

test('a lifecycle is what the namespace is for, unless the object says another', () => {
  expect(facts.lifecycleOf(reference)).toBeUndefined();
  cluster.Namespace = { labels: { 'backstack.dev/environment': 'development' } };
  expect(facts.lifecycleOf(reference)).toBe('development');
  expect(facts.lifecycleOf({ ...reference, namespace: undefined })).toBeUndefined();
  cluster.App = { annotations: { 'terasky.backstage.io/lifecycle': 'experimental' } };
  expect(facts.lifecycleOf(reference)).toBe('experimental');
});

test('the image is read once for each state of the object', async () => {
  api.answers[OBJECT] = { metadata: {}, spec: { image: 'a:1' } };
  cluster.App = { uid: 'u', generation: 1 };
  const reads = () => api.asked.filter(each => each === OBJECT).length;
  expect(await facts.annotationsOf(ingested('shop'))).toEqual({ 'backstack.dev/image': 'a:1' });
  await facts.annotationsOf(ingested('shop'));
  expect(reads()).toBe(1);
  api.answers[OBJECT] = { metadata: {}, spec: { image: { name: 'no text' } } };
  cluster.App = { uid: 'u', generation: 2 };
  expect(await facts.annotationsOf(ingested('shop'))).toEqual({});
  expect(reads()).toBe(2);
});

test('a workload is found by its selector, unless the ingestor knows better', async () => {
  const spec = { selector: { matchLabels: { app: 'shop', tier: 'web' } }, template: { spec: { containers: [{ image: 'b:2' }] } } };
  api.answers[OBJECT] = { metadata: {}, spec };
  const selector = 'backstage.io/kubernetes-label-selector';
  expect(await facts.annotationsOf(ingested('shop'))).toEqual({ 'backstack.dev/image': 'b:2', [selector]: 'app=shop,tier=web' });
  const known = ingested('shop');
  known.metadata.annotations![selector] = 'app=shop';
  expect(await facts.annotationsOf(known)).toEqual({ 'backstack.dev/image': 'b:2' });
});

test('what stands for no object, or for one that is gone, gets nothing', async () => {
  const other: Entity = { apiVersion: 'backstage.io/v1alpha1', kind: 'Component', metadata: { name: 'x' } };
  expect(await facts.annotationsOf(other)).toEqual({});
  expect(await facts.annotationsOf(ingested('shop'))).toEqual({});
});
