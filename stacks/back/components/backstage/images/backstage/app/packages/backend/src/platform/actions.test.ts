import { parse } from 'yaml';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Schema } from '@backstack/common';
import { ApiServer, list } from '../testing/apiServer';
import { GitServer, shaOf } from '../testing/gitServer';
import { xrd } from '../testing/objects';
import { act, actionsOf, historyOf } from './actions';
import { Manifest } from './manifest';

const PATH = 'demo/app/shop.yaml';
const TEXT = 'apiVersion: example.org/v1\nkind: App\nmetadata: { name: shop }\nspec:\n  image: a # ours\n';
const OBJECT = '/apis/example.org/v1/namespaces/demo/apps/shop';
const reference = { apiVersion: 'example.org/v1', kind: 'App', name: 'shop', namespace: 'demo' };
const schema = (properties: Record<string, Schema>) => ({ openAPIV3Schema: { properties: { spec: { properties } } } });
const replicas: Schema = { type: 'integer', title: 'Replicas', minimum: 1, maximum: 3, default: 2 };
const served = (...names: string[]) => ({ resources: names.map(kind => ({ name: `${kind.toLowerCase()}s`, kind, namespaced: kind !== 'Composition' })) });

let git: GitServer;
let api: ApiServer;
const platform = () => ({ kube: api.kube, gitea: git.gitea });
const wish = (body: object) => act(platform(), reference, { sha: shaOf(TEXT), ...body }, 'user:default/ann');
const proposed = () => parse(git.proposed(git.pulls[0], PATH) ?? '') as Manifest;

beforeEach(async () => {
  git = await GitServer.start();
  git.files.set(PATH, TEXT);
  const part = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' };
  api = await ApiServer.start({
    '/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions': list(xrd([{ name: 'v1', served: true, schema: schema({ replicas }) }])),
    '/apis/apiextensions.crossplane.io/v1': served('Composition'),
    '/apis/apiextensions.crossplane.io/v1/compositions/usual': { metadata: { name: 'usual', annotations: { 'backstack.dev/restart': 'example.org/again' } } },
    '/apis/example.org/v1': served('App'),
    '/apis/apps/v1': served('Deployment'),
    [OBJECT]: { metadata: { name: 'shop', namespace: 'demo', uid: 'a' }, spec: { crossplane: { resourceRefs: [part], compositionRef: { name: 'usual' } } } },
    '/apis/apps/v1/namespaces/demo/deployments/shop': { ...part, metadata: { name: 'shop', namespace: 'demo', uid: 'd' } },
    '/api/v1/namespaces/demo/persistentvolumeclaims': list({ metadata: { name: 'disk', namespace: 'demo', uid: 'v', ownerReferences: [{ uid: 'd' }] } }),
    '/api/v1/namespaces/demo/pods': list({ metadata: { name: 'pod', namespace: 'demo', uid: 'p', ownerReferences: [{ uid: 'd' }] } }),
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await git.stop();
  await api.stop();
});

test('what can be done says what goes with a thing, and which data', async () => {
  expect(await actionsOf(platform(), reference)).toEqual({
    path: PATH,
    url: git.gitea.fileUrl(PATH),
    sha: shaOf(TEXT),
    pullRequests: [],
    leaves: [{ kind: 'Deployment', name: 'shop', namespace: 'demo' }, { kind: 'PersistentVolumeClaim', name: 'disk', namespace: 'demo' }],
    volumes: ['disk'],
    scale: { field: 'replicas', title: 'Replicas', value: 2, minimum: 1, maximum: 3 },
    canRestart: true,
  });
});

test('a thing is deleted by taking its file away', async () => {
  await wish({ action: 'delete', note: 'no longer sold' });
  expect(git.operations(git.pulls[0])).toEqual([`delete ${PATH}`]);
  expect(git.pulls[0].title).toBe('Remove App shop from demo');
  expect(git.pulls[0].body).toMatch(/^no longer sold\n\nChanged in the portal by `user:default\/ann`\./);
});

test('scaling sets the field of the API, within its limits', async () => {
  await wish({ action: 'scale', value: 3 });
  expect(git.pulls[0].title).toBe('Scale App shop in demo to 3');
  expect(git.proposed(git.pulls[0], PATH)).toBe(`${TEXT}  replicas: 3\n`);
  for (const value of [0, 4, 1.5, '2']) {
    await expect(wish({ action: 'scale', value })).rejects.toThrow('spec.replicas must be a whole number from 1 to 3');
  }
});

test('what an autoscaler decides is not set by hand', async () => {
  const scaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'shop' };
  api.answers['/apis/autoscaling/v2'] = served('HorizontalPodAutoscaler');
  api.answers['/apis/autoscaling/v2/namespaces/demo/horizontalpodautoscalers/shop'] = { ...scaler, metadata: { name: 'shop', namespace: 'demo' } };
  api.answers[OBJECT] = { metadata: { name: 'shop', namespace: 'demo' }, spec: { crossplane: { resourceRefs: [scaler] } } };
  const { scale, canRestart } = await actionsOf(platform(), reference);
  expect(scale?.hindrance).toMatch(/An autoscaler decides/);
  expect(canRestart).toBe(false);
  await expect(wish({ action: 'scale', value: 3 })).rejects.toThrow(/An autoscaler decides/);
  await expect(wish({ action: 'restart' })).rejects.toThrow('what makes App shop knows no restart');
});

test('a restart sets the annotation that the composition names', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-28T12:00:00Z') });
  await wish({ action: 'restart' });
  expect(git.pulls[0].title).toBe('Restart App shop in demo');
  expect(proposed().metadata.annotations).toEqual({ 'example.org/again': '2026-11-28T12:00:00.000Z' });
  expect(git.proposed(git.pulls[0], PATH)).toContain('image: a # ours');
});

test('a thing goes back to what its file was at an earlier commit', async () => {
  const before = TEXT.replace('image: a', 'image: z');
  git.commits.push(
    { sha: 'c3', message: 'Change App shop\n\nfaster', path: PATH, content: TEXT },
    { sha: 'c2', message: 'Remove App shop', path: PATH },
    { sha: 'c1', message: 'Add App shop', path: PATH, content: before },
    { sha: 'c0', message: 'Add App other', path: 'demo/app/other.yaml', content: 'kind: App' },
  );
  const history = await historyOf(platform(), reference);
  expect(history.map(each => [each.sha, each.title, each.author])).toEqual([
    ['c3', 'Change App shop', 'Ann'],
    ['c2', 'Remove App shop', 'Ann'],
    ['c1', 'Add App shop', 'Ann'],
  ]);
  await expect(wish({ action: 'roll-back', commit: 'c0' })).rejects.toThrow(`${PATH} was not changed by this commit`);
  await expect(wish({ action: 'roll-back', commit: 'c2' })).rejects.toThrow(/there is nothing to go back to/);
  await expect(wish({ action: 'roll-back', commit: 'c3' })).rejects.toThrow(/nothing would change/);
  await wish({ action: 'roll-back', commit: 'c1' });
  expect(git.pulls).toHaveLength(1);
  expect(git.pulls[0].title).toBe('Roll back App shop in demo to c1');
  expect(git.proposed(git.pulls[0], PATH)).toBe(before);
});

test('while a pull request changes the file, no second one is opened', async () => {
  await wish({ action: 'scale', value: 3 });
  expect((await actionsOf(platform(), reference)).pullRequests.map(each => each.number)).toEqual([1]);
  await expect(wish({ action: 'delete' })).rejects.toThrow(/pull request 1 .* changes demo\/app\/shop.yaml already: .*pulls\/1$/);
  // Asked again, because the answer was lost.
  await wish({ action: 'scale', value: 3 });
  expect(git.pulls).toHaveLength(1);
});

test.each([
  [{ action: 'delete', sha: 'of-yesterday' }, /was changed in Git meanwhile/],
  [{ action: 'burn' }, /expected one of the actions/],
  [{ action: undefined }, /expected `action` and `sha`/],
])('%j is refused', async (body, message) => {
  await expect(wish(body)).rejects.toThrow(message);
  expect(git.pulls).toEqual([]);
});

test('what has no file in Git has no actions', async () => {
  git.files.clear();
  await expect(actionsOf(platform(), reference)).rejects.toThrow(`there is no file ${PATH} in Git`);
  await expect(wish({ action: 'delete' })).rejects.toThrow(`there is no file ${PATH} in Git`);
});
