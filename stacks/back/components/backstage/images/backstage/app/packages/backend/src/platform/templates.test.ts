import { expect, test } from 'vitest';
import { xrd } from '../testing/objects';
import { Composition, KubeObject } from './objects';
import { compareVersions, currentVersion, deprecation, isEstablished, templateName, templatesOf } from './templates';

test('versions are ordered as Kubernetes orders them', () => {
  const sorted = ['foo', 'v1alpha1', 'v10', 'v2', 'v1beta2', 'v1', 'v1beta10'].sort((a, b) => compareVersions(b, a));
  expect(sorted).toEqual(['v10', 'v2', 'v1', 'v1beta10', 'v1beta2', 'v1alpha1', 'foo']);
  expect(compareVersions('v1beta1', 'v1beta1')).toBe(0);
});

test('the version to order is the newest that is served and not deprecated', () => {
  const [alpha, beta] = [{ name: 'v1alpha1', served: true }, { name: 'v1beta1', served: true }];
  expect(currentVersion(xrd([alpha, beta, { name: 'v1', served: false }]))?.name).toBe('v1beta1');
  expect(currentVersion(xrd([alpha, { ...beta, deprecated: true }]))?.name).toBe('v1alpha1');
  // One that is deprecated is better than none.
  expect(currentVersion(xrd([{ ...alpha, deprecated: true }]))?.name).toBe('v1alpha1');
  expect(currentVersion(xrd([{ name: 'v1', served: false }]))).toBeUndefined();
});

test('a deprecation says what to use instead, once', () => {
  const current = { name: 'v2' };
  expect(deprecation({ name: 'v1' }, current, 'App')).toBeUndefined();
  const old = { name: 'v1', deprecated: true };
  expect(deprecation(old, current, 'App')).toBe('App v1 is deprecated. Use v2 instead.');
  expect(deprecation({ ...old, deprecationWarning: 'Gone in May.' }, current, 'App')).toBe('Gone in May. Use v2 instead.');
  expect(deprecation({ ...old, deprecationWarning: 'Take v2.' }, current, 'App')).toBe('Take v2.');
  expect(deprecation(old, old, 'App')).toBe('App v1 is deprecated.');
});

test('an API that Crossplane does not serve yet is not offered', () => {
  expect(isEstablished(xrd())).toBe(true);
  expect(isEstablished({ ...xrd(), status: { conditions: [{ type: 'Established', status: 'False' }] } })).toBe(false);
  expect(isEstablished({ ...xrd(), status: undefined })).toBe(false);
});

const namespace = (name: string, environment: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'backstack.dev/environment': environment } },
});
const composition = (name: string, kind: string, annotations?: Record<string, string>): Composition => ({
  apiVersion: 'apiextensions.crossplane.io/v1',
  kind: 'Composition',
  metadata: { name, annotations },
  spec: { compositeTypeRef: { kind } },
});
const schema = { openAPIV3Schema: { description: 'An app.', properties: { spec: { properties: { image: { type: 'string' } } } } } };

test('each served version has a template, named as the ingestor would', () => {
  const offer = { xrd: xrd([{ name: 'v1', served: true }, { name: 'v2', served: true }, { name: 'v3' }]), compositions: [], namespaces: [] };
  expect(templatesOf(offer).map(each => each.metadata.name)).toEqual(['apps.example.org-v1', 'apps.example.org-v2']);
  expect(templateName('apps.example.org', 'v1')).toBe('apps.example.org-v1');
});

test('a template asks for name, namespace and every field of the API', () => {
  const [made] = templatesOf({
    xrd: xrd([{ name: 'v1', served: true, schema }]),
    compositions: [composition('one', 'App')],
    namespaces: [namespace('demo', 'development'), namespace('shop', 'production')],
  });
  expect(made.metadata).toMatchObject({ title: 'App', description: 'An app.', tags: ['v1', 'namespaced'] });
  const [place, settings] = made.spec?.parameters as { required?: string[]; properties: Record<string, unknown> }[];
  expect(place.required).toEqual(['name', 'namespace']);
  expect(place.properties.namespace).toMatchObject({
    enum: ['demo', 'shop'],
    enumNames: ['demo (development)', 'shop (production)'],
    default: 'demo',
  });
  expect(settings.properties.spec).toMatchObject({ properties: { image: { title: 'Image', type: 'string' } } });
  // One composition is no choice.
  expect(Object.keys(settings.properties)).toEqual(['spec']);
  expect(made.spec?.steps).toMatchObject([{ action: 'backstack:order', input: { apiVersion: 'example.org/v1', kind: 'App' } }]);
});

test('where several compositions make it, one is chosen by what it says of itself', () => {
  const [made] = templatesOf({
    xrd: xrd([{ name: 'v1', served: true }], { defaultCompositionRef: { name: 'small' } }),
    compositions: [
      composition('large', 'App', { 'backstack.dev/title': 'Large', 'backstack.dev/description': 'for many' }),
      composition('small', 'App'),
      composition('other', 'Database'),
    ],
    namespaces: [],
  });
  const [, settings] = made.spec?.parameters as { properties: Record<string, unknown> }[];
  expect(settings.properties.composition).toMatchObject({ enum: ['large', 'small'], enumNames: ['Large: for many', 'small'], default: 'small' });
});

test('what is cluster-wide asks for no namespace', () => {
  const [made] = templatesOf({ xrd: xrd(undefined, { scope: 'Cluster' }), compositions: [], namespaces: [namespace('demo', 'development')] });
  const [place] = made.spec?.parameters as { required: string[]; properties: Record<string, unknown> }[];
  expect(place.required).toEqual(['name']);
  expect(Object.keys(place.properties)).toEqual(['name', 'owner']);
  expect(made.metadata.tags).toEqual(['v1', 'cluster-wide']);
});

test('a deprecated version says so in its template', () => {
  const [old, current] = templatesOf({
    xrd: xrd([{ name: 'v1', served: true, deprecated: true }, { name: 'v2', served: true }]),
    compositions: [],
    namespaces: [],
  });
  expect(old.metadata.annotations?.['backstack.dev/deprecated']).toBe('App v1 is deprecated. Use v2 instead.');
  expect(old.spec).toMatchObject({ type: 'deprecated', lifecycle: 'deprecated' });
  expect(current.metadata.annotations).not.toHaveProperty('backstack.dev/deprecated');
});
