import { Entity } from '@backstage/catalog-model';
import { expect, test } from 'vitest';
import { composite, offer } from '../testing/show';
import { clusterKind, clusterNamespace, hasManifest, isInCluster, isOrderable, template } from './entities';

const entity = (kind: string, annotations: Record<string, string> = {}): Entity => ({
  apiVersion: 'backstage.io/v1alpha1',
  kind,
  metadata: { name: 'x', annotations },
});
const workload = entity('Component', { 'terasky.backstage.io/kubernetes-resource-kind': 'Deployment', 'backstage.io/kubernetes-namespace': 'demo' });

test('a composite has a manifest, a workload is only in the cluster', () => {
  expect([hasManifest(composite('a')), isInCluster(composite('a')), clusterKind(composite('a', 'Database'))]).toEqual([true, true, 'Database']);
  expect([hasManifest(workload), isInCluster(workload), clusterKind(workload), clusterNamespace(workload)]).toEqual([false, true, 'Deployment', 'demo']);
  const user = entity('User');
  expect([hasManifest(user), isInCluster(user), clusterKind(user), clusterNamespace(user)]).toEqual([false, false, undefined, undefined]);
});

test('beside a system, which is a namespace, and beside what is in the cluster, more can be ordered', () => {
  expect([entity('System'), composite('a'), workload, entity('User')].map(isOrderable)).toEqual([true, true, true, false]);
  expect(clusterNamespace(entity('System'))).toBe('x');
});

test('a form is reached with its values filled in', () => {
  expect(template.path(offer('App'))).toBe('/create/templates/default/apps.example.org-v1');
  const [, query] = template.path(offer('App'), { namespace: 'a&b' }).split('?');
  expect(JSON.parse(new URLSearchParams(query).get('formData') ?? '')).toEqual({ namespace: 'a&b' });
});

test('a template says what it makes', () => {
  expect([template.kind(offer('App')), template.isNamespaced(offer('App')), template.warning(offer('App'))]).toEqual(['App', true, undefined]);
  expect(template.isNamespaced(offer('App', { 'backstack.dev/scope': 'Cluster' }))).toBe(false);
  expect(template.warning(offer('App', { 'backstack.dev/deprecated': 'old' }))).toBe('old');
});
