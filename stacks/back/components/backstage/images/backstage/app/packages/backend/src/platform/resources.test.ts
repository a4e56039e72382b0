import { Entity } from '@backstage/catalog-model';
import { afterEach, expect, test } from 'vitest';
import { ApiServer } from '../testing/apiServer';
import { ingested } from '../testing/objects';
import { family, referenceOf } from './resources';

const noted = (notes: Record<string, string>): Entity => ({
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: { name: 'x', annotations: Object.fromEntries(Object.entries(notes).map(([key, value]) => [`terasky.backstage.io/${key}`, value])) },
});

test('an entity stands for the object that the ingestor made it of', () => {
  expect(referenceOf(ingested('shop'))).toEqual({ apiVersion: 'example.org/v1', kind: 'App', name: 'shop', namespace: 'demo' });
  const cluster = ingested('shop');
  cluster.metadata.annotations = { ...cluster.metadata.annotations, 'terasky.backstage.io/crossplane-scope': 'Cluster' };
  expect(referenceOf(cluster)?.namespace).toBeUndefined();
  const workload = { 'kubernetes-resource-kind': 'Deployment', 'kubernetes-resource-api-version': 'apps/v1', 'kubernetes-resource-name': 'd' };
  expect(referenceOf(noted({ ...workload, 'kubernetes-resource-namespace': 'demo' }))).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', namespace: 'demo' });
  expect(referenceOf(noted({ ...workload, 'kubernetes-resource-namespace': '' }))?.namespace).toBeUndefined();
  expect(referenceOf(noted({}))).toBeUndefined();
});

let api: ApiServer | undefined;
afterEach(() => api?.stop());

test('composites are looked into three deep; what is gone or not to be seen is left out', async () => {
  const app = (name: string, ...refs: string[]) => ({
    apiVersion: 'example.org/v1',
    kind: 'App',
    metadata: { name, namespace: 'demo', uid: name },
    spec: { crossplane: { resourceRefs: refs.map(each => ({ apiVersion: 'example.org/v1', kind: 'App', name: each })) } },
  });
  const apps = [app('a', 'b', 'gone', 'secret'), app('b', 'c'), app('c', 'd'), app('d', 'e'), app('e')];
  api = await ApiServer.start({
    '/apis/example.org/v1': { resources: [{ name: 'apps', kind: 'App', namespaced: true }] },
    ...Object.fromEntries(apps.map(each => [`/apis/example.org/v1/namespaces/demo/apps/${each.metadata.name}`, each])),
    '/apis/example.org/v1/namespaces/demo/apps/secret': 403,
  });
  const found = await family(api.kube, { apiVersion: 'example.org/v1', kind: 'App', name: 'a', namespace: 'demo' });
  expect(found.map(each => each.metadata.name)).toEqual(['a', 'b', 'c', 'd']);
});
