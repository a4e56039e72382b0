import { Entity } from '@backstage/catalog-model';
import { NotFoundError, ServiceUnavailableError } from '@backstage/errors';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { GitServer, shaOf } from '../testing/gitServer';
import { xrd } from '../testing/objects';
import { ChangePreview } from './judge';
import { previewChange, previewOrder } from './preview';

const template: Entity = {
  apiVersion: 'scaffolder.backstage.io/v1beta3', kind: 'Template',
  metadata: { name: 'apps', annotations: { 'backstack.dev/api-version': 'example.org/v1', 'backstack.dev/kind': 'App', 'backstack.dev/scope': 'Namespaced' } },
};
const reference = { apiVersion: 'example.org/v1', kind: 'App', namespace: 'demo', name: 'shop' };
const TEXT = 'apiVersion: example.org/v1\nkind: App\nmetadata: {name: shop}\nspec:\n  image: a # why\n';

let api: ApiServer;
let git: GitServer;
let asked: string[][];
let answer: ChangePreview | Error;
const judge = {
  preview: (manifest: string, file: string) => {
    asked.push([manifest, file]);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  },
};
const platform = () => ({ kube: api.kube, gitea: git.gitea, judge });

beforeEach(async () => {
  [api, git] = await Promise.all([ApiServer.start(), GitServer.start()]);
  [asked, answer] = [[], {}];
  api.answers['/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions'] = list(xrd());
});
afterEach(() => Promise.all([api.stop(), git.stop()]));

test('an order shows the file that it writes, and what is said of just that', async () => {
  answer = { composed: { resources: [{ object: 'Deployment demo/new', effect: 'create' }] }, misfits: [{ path: 'spec.image', problem: 'is odd' }] };
  const values = { name: 'new', namespace: 'demo', owner: 'group:default/a', composition: 'app-x', spec: { image: 'b', note: '' } };
  const told = await previewOrder(platform(), template, values);
  expect(told).toMatchObject({ path: 'demo/app/new.yaml', effects: ['creates Deployment demo/new'], findings: [{ field: 'spec.image', refuses: true, missing: false }] });
  expect(told.lines.every(each => each.mark === '+')).toBe(true);
  expect(told.text).toBe(told.lines.map(each => `${each.text}\n`).join(''));
  for (const part of ['name: new', 'terasky.backstage.io/owner: group:default/a', 'name: app-x', 'image: b']) expect(told.text).toContain(part);
  expect(asked).toEqual([[told.text, 'demo-cluster:demo/app/new.yaml']]);
});

test('a name that is taken is refused at its field, on the first page already', async () => {
  git.files.set('demo/app/shop.yaml', TEXT);
  expect((await previewOrder(platform(), template, { name: 'shop', namespace: 'demo' })).findings).toMatchObject([{ field: 'metadata.name', refuses: true }]);
  expect((await previewOrder(platform(), template, { name: 'free', namespace: 'demo' })).findings).toEqual([]);
  expect(asked).toEqual([]);
});

test('no name leads out of its folder, and other templates have no preview', async () => {
  for (const values of [undefined, { name: '../x', namespace: 'demo' }, { name: 'a', namespace: 'x/y' }, { name: 'a' }]) {
    await expect(previewOrder(platform(), template, values)).rejects.toThrow('expected a name');
  }
  const other = { ...template, metadata: { name: 'other' } };
  await expect(previewOrder(platform(), other, { name: 'a', namespace: 'demo' })).rejects.toThrow('orders nothing');
});

test('a change shows the lines that differ; its judge is told the namespace that only the folder names', async () => {
  git.files.set('demo/app/shop.yaml', TEXT);
  answer = { argo_cd: ['not here'] };
  const told = await previewChange(platform(), reference, { sha: shaOf(TEXT), version: 'v1', spec: { image: 'b' } });
  expect(told.lines.filter(each => each.mark !== ' ').map(each => each.mark + each.text.trim())).toEqual(['-image: a # why', '+image: b # why']);
  expect(told.findings).toEqual([{ words: 'Argo CD: not here', refuses: true }]);
  expect(asked[0][0]).toContain('namespace: demo');
  expect(told.text).not.toContain('namespace');
});

test('nobody is asked about a change that is none', async () => {
  git.files.set('demo/app/shop.yaml', TEXT);
  const told = await previewChange(platform(), reference, { sha: shaOf(TEXT), version: 'v1', spec: { image: 'a' } });
  expect([told.lines.some(each => each.mark !== ' '), told.findings, asked]).toEqual([false, [], []]);
});

test.each([new ServiceUnavailableError('it does not answer'), new NotFoundError('it knows no such kind')])('a judge that cannot tell holds nothing up: %s', async error => {
  answer = error;
  const told = await previewOrder(platform(), template, { name: 'new', namespace: 'demo', spec: { image: 'b' } });
  expect(told).toMatchObject({ silent: error.message, findings: [] });
  expect(told.lines.length).toBeGreaterThan(3);
});
