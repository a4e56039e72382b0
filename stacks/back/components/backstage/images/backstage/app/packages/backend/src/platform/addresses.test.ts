import { expect, test } from 'vitest';
import { addressesOf } from './addresses';
import { KubeObject } from './objects';

const PLATFORM = 'https://localhost:8443';
const object = (apiVersion: string, kind: string, spec: object): KubeObject =>
  ({ apiVersion, kind, metadata: { name: 'shop', namespace: 'demo' }, spec }) as KubeObject;
const ingress = (...rules: object[]) => object('networking.k8s.io/v1', 'Ingress', { rules });
const service = (spec: object) => object('v1', 'Service', spec);
const paths = (...all: string[]) => ({ paths: all.map(path => ({ path })) });

test('an Ingress answers at its names and paths, with the scheme and port of the platform', () => {
  const objects = [
    ingress({ host: 'shop.localhost', http: paths('/', '/api') }, { host: 'shop.localhost', http: paths('/') }),
    ingress({ host: 'bare.localhost' }, { host: '*.localhost', http: paths('/') }, { http: paths('/shop') }),
  ];
  expect(addressesOf(objects, PLATFORM).open).toEqual([
    'https://shop.localhost:8443',
    'https://shop.localhost:8443/api',
    'https://bare.localhost:8443',
    'https://localhost:8443/shop',
  ]);
  expect(addressesOf(objects, 'http://platform.example').open[0]).toBe('http://shop.localhost');
});

test('a Service answers in the cluster, at each of its ports', () => {
  const objects = [service({ clusterIP: '10.0.0.1', ports: [{ port: 80 }, { port: 9090 }] }), service({ clusterIP: 'None', ports: [{ port: 5432 }] })];
  expect(addressesOf(objects, PLATFORM).inside).toEqual(['shop.demo.svc:80', 'shop.demo.svc:9090']);
});

test('kinds of others with the same names are not asked', () => {
  const objects = [object('example.org/v1', 'Ingress', { rules: [{ host: 'x' }] }), object('serving.knative.dev/v1', 'Service', { ports: [{ port: 1 }] })];
  expect(addressesOf(objects, PLATFORM)).toEqual({ open: [], inside: [] });
});
