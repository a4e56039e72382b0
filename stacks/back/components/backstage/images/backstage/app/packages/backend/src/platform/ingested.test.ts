import { Entity } from '@backstage/catalog-model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer } from '../testing/apiServer';
import { ingested } from '../testing/objects';
import { Facts } from './facts';
import { IngestedProcessor } from './ingested';
import { KubeObject } from './objects';

let api: ApiServer;
let seen: string[];
/** What is known of the cluster, by kind. */
let cluster: Record<string, KubeObject>;
/** The version of its API that counts. */
let version: string | undefined;
const process = (entity: Entity) =>
  new IngestedProcessor(api.kube, new Facts(api.kube, ({ kind }) => cluster[kind]), namespace => {
    seen.push(namespace);
    return Promise.resolve();
  }, { of: () => version }).preProcessEntity(entity);
beforeEach(async () => {
  api = await ApiServer.start();
  seen = [];
  cluster = {};
  version = undefined;
});
afterEach(() => api.stop());

test('the API is named in the version that counts now, whichever the ingestor read', async () => {
  version = 'v2beta1';
  const entity = ingested('shop');
  entity.spec = { ...entity.spec, consumesApis: ['demo/App-example.org--v1', 'api:demo/x'] };
  expect((await process(entity)).spec?.consumesApis).toEqual(['api:default/App-example.org--v2beta1', 'api:demo/x']);
});

test('what was ordered is of the kind that was ordered, in the system of its namespace', async () => {
  const entity = ingested('shop');
  entity.metadata.tags = ['cluster:here', 'kind:app', 'kept'];
  entity.spec = { ...entity.spec, consumesApis: ['demo/App-example.org--v1', 'api:demo/x'] };
  const made = await process(entity);
  expect(made.spec).toMatchObject({
    type: 'app',
    owner: 'group:default/developers',
    system: 'system:default/demo',
    consumesApis: ['api:default/App-example.org--v1', 'api:demo/x'],
  });
  expect(made.metadata).toMatchObject({
    title: 'shop',
    description: 'App in the namespace demo, made by Crossplane with app-default.',
    tags: ['kept'],
  });
  expect(seen).toEqual(['demo']);
});

test('what somebody said of it stays', async () => {
  const entity = ingested('shop');
  entity.metadata = { ...entity.metadata, title: 'The shop', description: 'Sells.', annotations: { ...entity.metadata.annotations, 'terasky.backstage.io/description': 'Sells.' } };
  entity.spec = { ...entity.spec, type: 'website' };
  cluster.App = { apiVersion: 'example.org/v1', kind: 'App', metadata: { name: 'shop', annotations: { 'terasky.backstage.io/owner': 'sales' } } };
  const made = await process(entity);
  expect(made.metadata).toMatchObject({ title: 'The shop', description: 'Sells.' });
  expect(made.spec).toMatchObject({ owner: 'group:default/sales', type: 'website' });
});

test('a lifecycle comes from the namespace, and the image from the object', async () => {
  cluster.Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo', labels: { 'backstack.dev/environment': 'development' } } };
  api.answers['/apis/example.org/v1'] = { resources: [{ name: 'apps', kind: 'App', namespaced: true }] };
  api.answers['/apis/example.org/v1/namespaces/demo/apps/shop'] = { metadata: {}, spec: { image: 'a:1' } };
  const made = await process(ingested('shop'));
  expect(made.spec).toMatchObject({ lifecycle: 'development' });
  expect(made.metadata.annotations).toMatchObject({ 'backstack.dev/image': 'a:1', 'terasky.backstage.io/composite-kind': 'App' });
  cluster = {};
  expect((await process(ingested('shop'))).spec).toMatchObject({ lifecycle: 'production' });
});

test('what is cluster-wide belongs to no system', async () => {
  const entity = ingested('shop');
  entity.metadata.annotations = { ...entity.metadata.annotations, 'terasky.backstage.io/crossplane-scope': 'Cluster' };
  expect((await process(entity)).spec).not.toHaveProperty('system');
  expect(seen).toEqual([]);
});

test('what others brought is left alone', async () => {
  const entity = ingested('shop');
  entity.metadata.annotations = { ...entity.metadata.annotations, 'backstage.io/managed-by-location': 'file:/x' };
  expect(await process(entity)).toBe(entity);
});

const crd = (description: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'apps.example.org', resourceVersion: '7' },
  spec: { group: 'example.org', names: { kind: 'App' }, versions: [{ name: 'v1', served: true, deprecated: true, schema: { openAPIV3Schema: { description } } }] },
});

test('an API says what its definition says now, not what it said when it was brought', async () => {
  api.answers['/apis/apiextensions.k8s.io/v1'] = { resources: [{ name: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false }] };
  api.answers['/apis/apiextensions.k8s.io/v1/customresourcedefinitions/apps.example.org'] = crd('Now.');
  const { metadata } = ingested('App-example.org--v1');
  const entity: Entity = { apiVersion: 'backstage.io/v1alpha1', kind: 'API', metadata, spec: { type: 'crd', system: 'none', definition: JSON.stringify(crd('Then.')) } };
  const made = await process(entity);
  expect(made.metadata).toMatchObject({ title: 'App v1', description: 'Now.' });
  expect(made.spec).toMatchObject({ lifecycle: 'deprecated', owner: 'group:default/platform-engineers' });
  expect(made.spec?.definition).toContain('Now.');
  expect(made.spec).not.toHaveProperty('system');
});
