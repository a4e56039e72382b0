import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { CatalogConnection } from '../testing/catalog';
import { Log } from '../testing/log';
import { xrd } from '../testing/objects';
import { TemplateProvider } from './templateProvider';

const XRDS = '/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions';
const NAMESPACES = `/api/v1/namespaces?labelSelector=${encodeURIComponent('backstack.dev/environment')}`;

let api: ApiServer;
beforeEach(async () => {
  api = await ApiServer.start({ [XRDS]: list(xrd(), { ...xrd(), metadata: { name: 'new.example.org' }, status: {} }) });
});
afterEach(() => api.stop());

test('what is served is offered, and taken away when it is gone', async () => {
  const [log, catalog] = [new Log(), new CatalogConnection()];
  const provider = new TemplateProvider(api.kube, log);
  // Before the catalog is there, nothing can be done.
  await provider.refresh();
  await provider.connect(catalog);
  expect(catalog.sorted()).toEqual(['apps.example.org-v1']);
  // Without an origin the catalog takes no entity.
  const location = 'kubernetes:compositeresourcedefinitions';
  expect(catalog.entities.get('apps.example.org-v1')?.metadata.annotations).toMatchObject({
    'backstage.io/managed-by-location': location,
    'backstage.io/managed-by-origin-location': location,
    'backstack.dev/kind': 'App',
  });
  api.answers[XRDS] = list();
  await provider.refresh();
  expect(catalog.sorted()).toEqual([]);
});

test('namespaces to choose from are sorted, so that their order is no change', async () => {
  const namespace = (name: string) => ({ metadata: { name, labels: { 'backstack.dev/environment': 'x' } } });
  const catalog = new CatalogConnection();
  const provider = new TemplateProvider(api.kube, new Log());
  api.answers[NAMESPACES] = list(namespace('b'), namespace('a'));
  await provider.connect(catalog);
  api.answers[NAMESPACES] = list(namespace('a'), namespace('b'));
  await provider.refresh();
  expect(catalog.mutations).toBe(1);
});

test('what is only for other APIs is not offered, and the rule for namespaces is at the field', async () => {
  const part = xrd();
  api.answers[XRDS] = list(xrd(), { ...part, metadata: { name: 'parts.example.org', labels: { 'backstack.dev/offered': 'false' } } });
  const annotations = { 'backstack.dev/new-namespaces': '{"rule": "Not kube-*."}' };
  api.answers['/apis/argoproj.io/v1alpha1/appprojects'] = list({ metadata: { name: 'orders', annotations }, spec: { destinations: [{ namespace: '*' }] } });
  const catalog = new CatalogConnection();
  await new TemplateProvider(api.kube, new Log()).connect(catalog);
  expect(catalog.sorted()).toEqual(['apps.example.org-v1']);
  expect(JSON.stringify(catalog.entities.get('apps.example.org-v1')?.spec)).toContain('No order may go there. Not kube-*.');
});

test('a template that somebody took away is back after the next look', async () => {
  const catalog = new CatalogConnection();
  const provider = new TemplateProvider(api.kube, new Log());
  await provider.connect(catalog);
  catalog.entities.clear();
  provider.forget();
  await provider.refresh();
  expect(catalog.sorted()).toEqual(['apps.example.org-v1']);
});

test('a look that fails leaves what is offered, and the next one makes it good', async () => {
  const [log, catalog] = [new Log(), new CatalogConnection()];
  const provider = new TemplateProvider(api.kube, log);
  catalog.fault = new Error('the database is locked');
  await provider.connect(catalog);
  expect(log.lines).toEqual(['warn: templates are not renewed: Error: the database is locked']);
  catalog.fault = undefined;
  await provider.refresh();
  expect(catalog.sorted()).toEqual(['apps.example.org-v1']);
  api.answers[XRDS] = 500;
  await provider.refresh();
  expect(catalog.sorted()).toEqual(['apps.example.org-v1']);
});
