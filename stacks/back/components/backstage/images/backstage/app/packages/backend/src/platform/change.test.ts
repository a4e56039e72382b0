import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { GitServer, shaOf } from '../testing/gitServer';
import { xrd } from '../testing/objects';
import { propose, readForm } from './change';
import { Xrd } from './objects';

const XRDS = '/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions';
const PATH = 'demo/app/shop.yaml';
const TEXT = 'apiVersion: example.org/v1\nkind: App\nmetadata: { name: shop }\nspec:\n  image: a\n  crossplane: { x: 1 }\n';
const reference = { apiVersion: 'example.org/v1', kind: 'App', name: 'shop', namespace: 'demo' };
const versions: Xrd['spec']['versions'] = [
  { name: 'v1', served: true, deprecated: true },
  { name: 'v2', served: true, schema: { openAPIV3Schema: { properties: { spec: { properties: { image: { type: 'string' } } } } } } },
  { name: 'v3', served: false },
];

let git: GitServer;
let api: ApiServer;
const platform = () => ({ kube: api.kube, gitea: git.gitea });
beforeEach(async () => {
  git = await GitServer.start();
  git.files.set(PATH, TEXT);
  api = await ApiServer.start({ [XRDS]: list(xrd(versions)) });
});
afterEach(async () => {
  await git.stop();
  await api.stop();
});

test('the form shows the file, and the versions that are served, the newest first', async () => {
  const form = await readForm(platform(), reference);
  expect(form).toMatchObject({ path: PATH, text: TEXT, sha: shaOf(TEXT), version: 'v1', currentVersion: 'v2', pullRequests: [] });
  // Crossplane's own settings are not for people.
  expect(form.spec).toEqual({ image: 'a' });
  expect(form.versions.map(each => each.name)).toEqual(['v2', 'v1']);
  expect(form.versions[0]).toMatchObject({ warning: undefined, schema: { properties: { image: { title: 'Image' } } } });
  expect(form.versions[1].warning).toBe('App v1 is deprecated. Use v2 instead.');
});

test('a change becomes a pull request that says whose it is and why; the form then shows it', async () => {
  const body = { sha: shaOf(TEXT), version: 'v2', spec: { image: 'b' }, note: ' faster ' };
  const request = await propose(platform(), reference, body, 'user:default/ann');
  expect(git.pulls[0].title).toBe('Change App shop in demo');
  expect(git.pulls[0].body).toMatch(/^faster\n\nChanged in the portal by `user:default\/ann`\./);
  expect(git.proposed(git.pulls[0], PATH)).toBe(TEXT.replace('/v1', '/v2').replace('image: a', 'image: b'));
  expect((await readForm(platform(), reference)).pullRequests).toEqual([request]);
});

test('what has no file in Git, or is no composite API, has no form', async () => {
  await expect(readForm(platform(), { ...reference, name: 'other' })).rejects.toThrow('there is no file demo/app/other.yaml in Git');
  await expect(readForm(platform(), { ...reference, kind: 'Deployment' })).rejects.toThrow('Deployment is no composite API');
});

test.each([
  ['of an older file', { sha: 'of-yesterday' }, /was changed in Git meanwhile/],
  ['to a version that is not served', { version: 'v3' }, /App has no version v3/],
  ['that changes nothing', { version: 'v1', spec: { image: 'a' } }, /nothing was changed/],
  ['without fields', { spec: null }, /expected `sha`, `version` and `spec`/],
  ['of another shape', { spec: ['b'] }, /expected `sha`, `version` and `spec`/],
])('a change %s is refused', async (_, wrong, message) => {
  const body = { sha: shaOf(TEXT), version: 'v2', spec: { image: 'b' }, ...wrong };
  await expect(propose(platform(), reference, body, 'user:default/ann')).rejects.toThrow(message);
  expect(git.pulls).toEqual([]);
});
