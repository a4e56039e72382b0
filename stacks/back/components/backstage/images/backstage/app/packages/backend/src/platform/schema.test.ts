import type { Schema } from '@backstack/common';
import { expect, test } from 'vitest';
import { plainSchema, tidy, tidyFields, words } from './schema';

test.each([
  ['WebApp', 'Web App'],
  ['minReplicas', 'Min replicas'],
  ['cpu_limit', 'Cpu limit'],
  ['storage-class', 'Storage class'],
])('%s is read as %s', (name, read) => {
  expect(words(name)).toBe(read);
});

test('a form has titles, and nothing that only Kubernetes understands', () => {
  const plain = plainSchema({
    type: 'object',
    properties: {
      port: { type: 'integer', format: 'int32', minimum: 1, default: 8080, description: 'Where it listens.' },
      target: { 'x-kubernetes-int-or-string': true },
      owner: { type: 'string', title: 'Whose it is' },
      crossplane: { type: 'object', properties: { compositionRef: { type: 'object' } } },
    },
  });
  expect(plain.properties).toEqual({
    port: { title: 'Port', type: 'integer', minimum: 1, default: 8080, description: 'Where it listens.' },
    target: { title: 'Target', type: 'string' },
    owner: { title: 'Whose it is', type: 'string' },
  });
});

test('what must be filled in comes first, groups and lists come last', () => {
  const { properties } = plainSchema({
    required: ['image'],
    properties: {
      env: { type: 'array', items: { properties: { name: { type: 'string' } } } },
      host: { type: 'string' },
      image: { type: 'string' },
      scaling: { type: 'object', properties: {}, additionalProperties: { type: 'integer', format: 'int64' } },
    },
  });
  expect(Object.keys(properties ?? {})).toEqual(['image', 'host', 'env', 'scaling']);
  expect(properties?.env.items).toEqual({ type: 'object', properties: { name: { title: 'Name', type: 'string' } } });
  expect(properties?.scaling.additionalProperties).toEqual({ type: 'integer' });
});

test('a format that a form can check stays', () => {
  expect(plainSchema({ type: 'string', format: 'uri' })).toEqual({ type: 'string', format: 'uri' });
});

test('what a form leaves behind goes, at any depth; zero and false are values', () => {
  const left = { image: 'nginx', host: '', env: [{ name: '' }, { name: 'A' }], scaling: { max: null, labels: {} }, replicas: 0, on: false };
  expect(tidy(left)).toEqual({ image: 'nginx', env: [{ name: 'A' }], replicas: 0, on: false });
  expect(tidy({ a: { b: [''] } })).toBeUndefined();
  expect(tidyFields({ a: '' })).toEqual({});
});

test('fields that depend on each other say so, and the form stays one', () => {
  const schema: Schema = {
    type: 'object',
    description: 'Where it comes from.',
    properties: { image: { type: 'string' }, gitUrl: { type: 'string', title: 'Git address' }, branch: { type: 'string' } },
    oneOf: [{ required: ['image'] }, { required: ['gitUrl', 'branch'] }],
    'x-kubernetes-validations': [{ rule: 'self.branch != "main"', message: 'the branch must not be main' }, { rule: 'true' }],
  };
  const plain = plainSchema(schema);
  expect(plain.description).toBe('Where it comes from. Exactly one of these: Image, or Git address and Branch. The branch must not be main.');
  expect(plain).not.toHaveProperty('oneOf');
  // Kubernetes lets numbers be texts in this way; that is no choice of fields.
  expect(plainSchema({ anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true })).toEqual({ type: 'string' });
});

test('a definition of 300 fields in several depths is a form at once, with names in any script', () => {
  const group = (depth: number): Schema => ({
    type: 'object',
    required: ['größe'],
    properties: Object.fromEntries([
      ...Array.from({ length: 50 }, (_, index) => [`field${index}`, depth > 0 && index === 7 ? group(depth - 1) : { type: 'string', default: 'x' }] as const),
      ['größe', { type: 'integer' }], ['名前', { type: 'string' }],
    ]),
  });
  const began = performance.now();
  const plain = plainSchema(group(5));
  expect(performance.now() - began).toBeLessThan(500);
  expect(Object.keys(plain.properties!)[0]).toBe('größe');
  expect(plain.properties!['größe'].title).toBe('Größe');
  expect(plain.properties!['名前'].title).toBe('名前');
  const count = ({ properties = {} }: Schema): number => Object.values(properties).reduce((sum, each) => sum + 1 + count(each), 0);
  expect(count(plain)).toBe(312);
});
