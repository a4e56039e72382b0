import { expect, test } from 'vitest';
import { branchPrefix, changedManifest, manifestPath, newManifest, readManifest } from './manifest';

const app = { apiVersion: 'example.org/v1', kind: 'WebApp', name: 'shop', namespace: 'demo' };

test('a resource is filed by namespace, kind and name; what has no namespace, under `cluster`', () => {
  expect(manifestPath(app)).toBe('demo/webapp/shop.yaml');
  expect(manifestPath({ ...app, namespace: undefined })).toBe('cluster/webapp/shop.yaml');
  expect(branchPrefix(app)).toBe('portal/demo/webapp/shop/');
});

test('an order has what was filled in, and the composition where one was chosen', () => {
  expect(newManifest({ ...app, spec: { image: 'nginx', host: '' }, composition: 'small' })).toBe(
    [
      'apiVersion: example.org/v1',
      'kind: WebApp',
      'metadata:',
      '  name: shop',
      '  namespace: demo',
      'spec:',
      '  image: nginx',
      '  crossplane:',
      '    compositionRef:',
      '      name: small',
      '',
    ].join('\n'),
  );
  const plain = readManifest(newManifest({ ...app, namespace: undefined }));
  expect(plain).toEqual({ apiVersion: 'example.org/v1', kind: 'WebApp', metadata: { name: 'shop' }, spec: {} });
});

const TEXT = `# Of the shop team.
apiVersion: example.org/v1
kind: WebApp
metadata:
  name: shop
spec:
  image: nginx:1 # pinned
  scaling:
    min: 1 # never less
    max: 3
  host: shop.example
  crossplane:
    compositionRef: {name: small}
`;

test('a change touches what differs; comments and Crossplane\'s own settings stay', () => {
  const changed = changedManifest(TEXT, 'example.org/v2', { image: 'nginx:1', scaling: { min: 1, max: 5 }, host: '', ports: [80] });
  expect(changed).toBe(
    TEXT.replace('example.org/v1', 'example.org/v2')
      .replace('max: 3', 'max: 5')
      .replace('  host: shop.example\n', '')
      .replace('{name: small}\n', '{name: small}\n  ports:\n    - 80\n'),
  );
});

test('nothing changed is the same text', () => {
  const spec = { image: 'nginx:1', scaling: { min: 1, max: 3 }, host: 'shop.example' };
  const once = changedManifest(TEXT, 'example.org/v1', spec);
  expect(changedManifest(once, 'example.org/v1', spec)).toBe(once);
});

test('a manifest without a spec gets one', () => {
  const text = 'apiVersion: example.org/v1\nkind: WebApp\nmetadata:\n  name: shop\n';
  expect(changedManifest(text, 'example.org/v1', { image: 'a' })).toBe(`${text}spec:\n  image: a\n`);
});

test('a file that is no YAML is refused, not overwritten', () => {
  expect(() => changedManifest('a: [', 'example.org/v1', {})).toThrow(/not valid YAML/);
});

test('an empty file holds nothing', () => {
  expect(readManifest('')).toBeUndefined();
});
