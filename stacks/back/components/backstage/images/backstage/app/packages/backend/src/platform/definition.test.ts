import { Entity } from '@backstage/catalog-model';
import { expect, test } from 'vitest';
import { definitionOf, definitionReference, fieldsOf, withDefinition } from './definition';
import { Crd } from './objects';

const crd: Crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'apps.example.org', annotations: { left: 'out' } },
  spec: {
    group: 'example.org',
    names: { kind: 'App' },
    versions: [
      { name: 'v1', served: true, deprecated: true, schema: { openAPIV3Schema: { description: 'An app.' } } },
      { name: 'v2', served: true, schema: { openAPIV3Schema: { properties: { spec: { properties: { image: { type: 'string' } } } } } } },
    ],
  },
};
const api = (version: string, type = 'crd'): Entity => ({
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'API',
  metadata: { name: `App-example.org--${version}` },
  spec: { type },
});

test('an API says what its version of the definition says', () => {
  expect(definitionOf(withDefinition(api('v2'), crd))).toMatchObject({
    kind: 'App',
    version: 'v2',
    deprecated: false,
    template: 'apps.example.org-v2',
    schema: { properties: { image: { title: 'Image', type: 'string' } } },
  });
  expect(definitionOf(withDefinition(api('v1'), crd))).toMatchObject({ deprecated: true, description: 'An app.' });
  expect(definitionOf(withDefinition(api('v3'), crd))).toBeUndefined();
  expect(definitionOf(api('v1'))).toBeUndefined();
});

test('its definition is an object of the cluster; that of an API of another kind is not', () => {
  const name = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: 'apps.example.org' };
  expect(definitionReference(withDefinition(api('v1'), crd))).toEqual(name);
  expect(definitionReference(withDefinition(api('v1', 'openapi'), crd))).toBeUndefined();
  expect(definitionReference(api('v1'))).toBeUndefined();
});

test('what the cluster adds to a definition is no part of it', () => {
  expect(withDefinition(api('v1'), crd).spec?.definition).not.toContain('left');
});

test('fields are listed with what they hold, four deep', () => {
  const deep = { type: 'object', properties: { b: { type: 'object', properties: { c: { type: 'object', properties: { d: { type: 'string' } } } } } } };
  const fields = fieldsOf({
    required: ['image'],
    properties: {
      image: { type: 'string', description: 'What runs.' },
      size: { enum: ['small', 'large'], default: 'small' },
      env: { type: 'array', default: [], items: { type: 'object', properties: { name: { type: 'string' } } } },
      a: deep,
    },
  });
  expect(fields.map(({ path, type }) => `${path}: ${type}`)).toEqual([
    'spec.image: string',
    'spec.size: small, large',
    'spec.env[]: list of object',
    'spec.env[].name: string',
    'spec.a: object',
    'spec.a.b: object',
    'spec.a.b.c: object',
    'spec.a.b.c.d: string',
  ]);
  expect(fields[0]).toMatchObject({ required: true, description: 'What runs.' });
  expect(fields[1].default).toBe('small');
  // A list is no default that one line could show.
  expect(fields[2].default).toBeUndefined();
  const deeper = { properties: { z: { type: 'object', properties: { a: deep } } } };
  expect(fieldsOf(deeper).map(each => each.path)).toEqual(['spec.z', 'spec.z.a', 'spec.z.a.b', 'spec.z.a.b.c']);
});
