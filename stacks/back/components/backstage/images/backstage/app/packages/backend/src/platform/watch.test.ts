import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer } from '../testing/apiServer';
import { Log } from '../testing/log';
import { KubeObject } from './objects';
import { Watches } from './watch';

const APPS = '/apis/example.org/v1/apps';
const KIND = { apiVersion: 'example.org/v1', kind: 'App' };
const app = (name: string, resourceVersion: string): KubeObject => ({ ...KIND, metadata: { name, namespace: 'demo', resourceVersion } });
const inCluster = (...items: KubeObject[]) => ({ items, metadata: { resourceVersion: '10' } });

let api: ApiServer;
let told: string[];
let watches: Watches;
beforeEach(async () => {
  api = await ApiServer.start({
    '/apis/example.org/v1': { resources: [{ name: 'apps', kind: 'App', namespaced: true }] },
    [APPS]: inCluster(app('a', '1'), app('b', '2')),
  });
  told = [];
  watches = new Watches(api.kube, ({ type, object }) => told.push(`${type} ${object.metadata.name}`), new Log());
});
afterEach(async () => {
  watches.stop();
  await api.stop();
});

const watching = () => expect.poll(() => api.watches.has(APPS)).toBe(true);
const heard = (...expected: string[]) => expect.poll(() => told).toEqual(expected);
const find = (name: string) => watches.find({ ...KIND, name, namespace: 'demo' });

test('what is there is known, and what changes is told', async () => {
  expect(find('a')).toBeUndefined();
  watches.follow([KIND]);
  await watching();
  expect(told).toEqual(['ADDED a', 'ADDED b']);
  expect(find('a')?.metadata.resourceVersion).toBe('1');
  expect(find('c')).toBeNull();
  // A bookmark is no change.
  api.tell(APPS, { type: 'BOOKMARK', object: app('', '11') });
  api.tell(APPS, { type: 'MODIFIED', object: app('a', '12') });
  api.tell(APPS, { type: 'ADDED', object: app('c', '13') });
  api.tell(APPS, { type: 'DELETED', object: app('b', '14') });
  await heard('ADDED a', 'ADDED b', 'MODIFIED a', 'ADDED c', 'DELETED b');
  expect(find('a')?.metadata.resourceVersion).toBe('12');
  expect(find('b')).toBeNull();
});

test('a watch that ends goes on where it was', async () => {
  watches.follow([KIND]);
  await watching();
  api.tell(APPS, { type: 'MODIFIED', object: app('a', '12') });
  await heard('ADDED a', 'ADDED b', 'MODIFIED a');
  api.end(APPS);
  await watching();
  expect(api.asked.at(-1)).toContain('resourceVersion=12');
  expect(api.asked.filter(each => each === APPS)).toHaveLength(1);
});

test('where the server has forgotten the version, the list is read anew, and only differences are told', async () => {
  watches.follow([KIND]);
  await watching();
  api.answers[APPS] = inCluster(app('a', '1'), app('c', '3'));
  api.tell(APPS, { type: 'ERROR', object: app('', '') });
  api.end(APPS);
  await watching();
  await heard('ADDED a', 'ADDED b', 'ADDED c', 'DELETED b');
});

test('kinds are followed while they are wanted', async () => {
  watches.follow([KIND]);
  await watching();
  watches.follow([]);
  expect(find('a')).toBeUndefined();
});
