import { Entity } from '@backstage/catalog-model';
import type { Cause, Diagnosis, Verdict } from '@backstack/common';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Database } from '../testing/database';
import { ingested } from '../testing/objects';
import { Book } from './book';
import { HealthNews } from './healthNews';
import { KubeObject } from './objects';

const SHOP: Entity = { ...ingested('shop'), spec: { owner: 'developers' } };

let database: Database;
let news: HealthNews;
let causes: Cause[];
let entities: Entity[];
let isReady: boolean;

async function begin() {
  const object = () => Promise.resolve({ status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] } } as unknown as KubeObject);
  return new HealthNews({
    book: await Book.open(database),
    kube: { object: object as never },
    diagnosis: () => Promise.resolve<Diagnosis>({ subject: 'platform', verdict: 'healthy', causes }),
    entities: () => Promise.resolve(entities),
    authorFor: path => (path === 'demo/app/shop.yaml' ? 'user:default/ann' : undefined),
  });
}

beforeEach(async () => {
  database = new Database();
  [causes, entities, isReady] = [[], [SHOP], true];
  news = await begin();
});
afterEach(() => database.stop());

const is = (verdict: Verdict, summary = 'its image does not exist') => {
  causes = [{ fault: 'x', verdict, object: { kind: 'App', namespace: 'demo', name: 'shop' }, summary, next: 'n', evidence: [] }];
};
const titles = async () => (await news.look()).notices.map(each => `${each.title} -> ${each.to.join(' ')}`);
/** What two looks tell: only what is still so at the second one counts. */
const twice = async () => [...(await titles()), ...(await titles())];

test('what is there when it begins is no news', async () => {
  await news.look(true);
  expect(await twice()).toEqual([]);
});

test('an order that comes up is told to who ordered it, once, also after a restart', async () => {
  is('starting');
  expect(await twice()).toEqual([]);
  expect((await news.look()).again).toBe(15_000);
  causes = [];
  isReady = false;
  expect(await twice()).toEqual([]);
  isReady = true;
  expect(await twice()).toEqual(['App demo/shop runs -> user:default/ann']);
  news = await begin();
  expect(await twice()).toEqual([]);
});

test('what does not run is told to its owner and its author with the reason, and that it runs again', async () => {
  await news.look(true);
  is('broken');
  expect((await news.look()).again).toBe(8_000);
  const { notices: [notice] } = await news.look();
  expect(notice).toMatchObject({
    title: 'App demo/shop does not run',
    text: 'its image does not exist',
    to: ['group:default/developers', 'user:default/ann'],
    link: '/catalog/demo/component/shop',
    severity: 'high',
  });
  is('starting');
  expect(await twice()).toEqual([]);
  causes = [];
  expect(await twice()).toEqual(['App demo/shop runs again -> user:default/ann']);
});

test('what is over at the next look is not told', async () => {
  await news.look(true);
  is('broken');
  await news.look();
  causes = [];
  expect(await twice()).toEqual([]);
});

test('a flaw is no failure, and what nobody can tell is no news', async () => {
  await news.look(true);
  for (const verdict of ['imperfect', 'unknown'] as const) {
    is(verdict);
    expect(await twice()).toEqual([]);
  }
});

test('what is ordered again under its old name is told again', async () => {
  await news.look(true);
  await news.ordered('component:demo/shop');
  expect(await twice()).toEqual(['App demo/shop runs -> user:default/ann']);
});

test('a plain workload comes without a word', async () => {
  const annotations = {
    'terasky.backstage.io/kubernetes-resource-kind': 'Deployment', 'terasky.backstage.io/kubernetes-resource-api-version': 'apps/v1',
    'terasky.backstage.io/kubernetes-resource-name': 'plain', 'terasky.backstage.io/kubernetes-resource-namespace': 'demo',
  };
  entities = [{ ...SHOP, metadata: { name: 'plain', namespace: 'demo', annotations } }];
  expect(await twice()).toEqual([]);
});
