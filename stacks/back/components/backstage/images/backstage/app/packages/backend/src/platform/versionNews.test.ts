import { Entity } from '@backstage/catalog-model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { GitServer } from '../testing/gitServer';
import { ingested, xrd } from '../testing/objects';
import { versionNews } from './versionNews';

const XRDS = '/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions';
const SHOP: Entity = { ...ingested('shop'), spec: { owner: 'group:default/shop-team' } };

let api: ApiServer;
let git: GitServer;
beforeEach(async () => {
  [api, git] = await Promise.all([ApiServer.start(), GitServer.start()]);
  git.files.set('demo/app/shop.yaml', 'apiVersion: example.org/v1\nkind: App\nmetadata: {name: shop}\n');
});
afterEach(() => Promise.all([api.stop(), git.stop()]));

const look = () => versionNews(api.kube, git.gitea, () => Promise.resolve([SHOP, ingested('unknown')]));

test('owners hear which of their things use a version that goes, and what to use instead', async () => {
  api.answers[XRDS] = list(xrd([{ name: 'v1', served: true, deprecated: true }, { name: 'v2', served: true }]));
  expect(await look()).toEqual([{
    key: 'deprecated App v1 component:demo/shop',
    to: ['group:default/shop-team'],
    title: 'App demo/shop uses a version that goes: App v1',
    text: 'App v1 is deprecated. Use v2 instead.',
    link: '/catalog/demo/component/shop/change',
    topic: 'deprecated',
    severity: 'normal',
  }]);
});

test('what Git says counts: who has changed it already hears nothing', async () => {
  api.answers[XRDS] = list(xrd([{ name: 'v1', served: true, deprecated: true }, { name: 'v2', served: true }]));
  git.files.set('demo/app/shop.yaml', 'apiVersion: example.org/v2\nkind: App\nmetadata: {name: shop}\n');
  expect(await look()).toEqual([]);
});

test('where no version goes, Git is not asked', async () => {
  api.answers[XRDS] = list(xrd());
  await git.stop();
  expect(await look()).toEqual([]);
  git = await GitServer.start();
});
