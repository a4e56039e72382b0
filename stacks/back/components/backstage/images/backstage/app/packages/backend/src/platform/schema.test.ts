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
