import { expect, test } from 'vitest';
import { xrd } from '../testing/objects';
import { Versions } from './versions';

const APP = { apiVersion: 'example.org/v1', kind: 'App' };

test('the version counts that compositions refer to, else the last', () => {
  const versions = new Versions();
  expect(versions.of(APP)).toBeUndefined();
  expect(versions.renew([xrd()])).toBe(true);
  expect(versions.of(APP)).toBe('v1');
  expect(versions.renew([xrd()])).toBe(false);
  expect(versions.renew([xrd([{ name: 'v1', served: true }, { name: 'v2', served: true, referenceable: true }, { name: 'v3', served: true }])])).toBe(true);
  expect(versions.of(APP)).toBe('v2');
  expect(versions.of({ apiVersion: 'apps/v1', kind: 'Deployment' })).toBeUndefined();
});
