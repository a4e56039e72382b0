import { Entity } from '@backstage/catalog-model';
import { EventParams, EventsService } from '@backstage/plugin-events-node';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Log } from '../testing/log';
import { ingested } from '../testing/objects';
import { KubeObject, Reference } from './objects';
import { stateOf, Upkeep } from './upkeep';
import { Watches } from './watch';

const object = (changes: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'example.org/v1',
  kind: 'App',
  metadata: { name: 'shop', namespace: 'demo', uid: '1', generation: 1, ...changes },
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A catalog and a cluster beside each other, and what is said between them. */
class World {
  readonly told: EventParams[] = [];
  readonly processed: string[] = [];
  readonly log = new Log();
  systemsAgain: number | undefined;
  components: Entity[] = [ingested('shop')];
  apis: Entity[] = [];
  /** By name; `null` for what is gone, nothing for what is not known yet. */
  readonly cluster = new Map<string, KubeObject | null>();
  version: string | undefined;
  readonly upkeep = new Upkeep({
    versions: { of: () => this.version },
    watches: { find: (reference: Reference) => this.cluster.get(reference.name) } as Watches,
    events: { publish: params => Promise.resolve(void this.told.push(params)) } as EventsService,
    topic: 'changes',
    ingested: kind => Promise.resolve(kind === 'API' ? this.apis : this.components),
    systems: () => Promise.resolve(this.systemsAgain),
    process: ref => Promise.resolve(void this.processed.push(ref)),
    logger: this.log,
  });

  actions() {
    return this.told.map(each => (each.eventPayload as { action: string }).action);
  }
}

test('the ingestor hears of a change once', async () => {
  const world = new World();
  world.cluster.set('shop', object());
  expect(await world.upkeep.look()).toBeUndefined();
  expect(world.told).toEqual([
    { topic: 'changes', eventPayload: { apiVersion: 'example.org/v1', kind: 'App', name: 'shop', namespace: 'demo', clusterName: 'here', action: 'upsert' } },
  ]);
  await world.upkeep.look();
  // A status is nothing that an entity tells.
  world.cluster.set('shop', object({ resourceVersion: '9' }));
  await world.upkeep.look();
  expect(world.told).toHaveLength(1);
  world.cluster.set('shop', object({ labels: { team: 'a' } }));
  await world.upkeep.look();
  expect(world.actions()).toEqual(['upsert', 'upsert']);
});

test('an entity goes when its object has been missed for a while, however often somebody looks', async () => {
  const world = new World();
  world.cluster.set('shop', null);
  expect(await world.upkeep.look()).toBe(5_000);
  vi.advanceTimersByTime(9_999);
  for (let turn = 0; turn < 4; turn++) await world.upkeep.look();
  expect(world.told).toEqual([]);
  vi.advanceTimersByTime(1);
  await world.upkeep.look();
  expect(world.told.map(each => each.eventPayload)).toMatchObject([{ action: 'delete', entityNames: ['component:demo/shop'] }]);
  expect(world.log.lines).toEqual(['info: component:demo/shop leaves the catalog: its App is gone']);
  // Said again, but not logged again, until the catalog has taken it.
  await world.upkeep.look();
  expect(world.actions()).toEqual(['delete', 'delete']);
  expect(world.log.lines).toHaveLength(1);
  world.components = [];
  expect(await world.upkeep.look()).toBeUndefined();
});

test('an entity that somebody took away comes back while its object is there', async () => {
  const world = new World();
  world.cluster.set('shop', object());
  await world.upkeep.look();
  world.components = [];
  await world.upkeep.look();
  expect(world.actions()).toEqual(['upsert', 'upsert']);
  expect(world.log.lines[0]).toMatch(/^info: component:demo\/shop was taken out of the catalog/);
  // Until it is back.
  await world.upkeep.look();
  expect(world.actions()).toHaveLength(3);
  world.cluster.set('shop', null);
  await world.upkeep.look();
  world.cluster.set('shop', object());
  await world.upkeep.look();
  expect(world.actions()).toHaveLength(3);
});

test('what shall not be in the catalog is not brought back', async () => {
  const world = new World();
  world.cluster.set('shop', object());
  await world.upkeep.look();
  world.components = [];
  world.cluster.set('shop', object({ annotations: { 'terasky.backstage.io/exclude-from-catalog': 'true' } }));
  await world.upkeep.look();
  expect(world.actions()).toEqual(['upsert']);
});

test('one that is replaced stays', async () => {
  const world = new World();
  for (const found of [null, null, object({ uid: '2' }), null, null]) {
    world.cluster.set('shop', found);
    await world.upkeep.look();
    vi.advanceTimersByTime(5_000);
  }
  expect(world.actions()).toEqual(['upsert']);
});

test('it looks again when a system may have to go, and not later than what is missed asks for', async () => {
  const world = new World();
  world.systemsAgain = 29_000;
  world.cluster.set('shop', object());
  expect(await world.upkeep.look()).toBe(29_000);
  world.cluster.set('shop', null);
  expect(await world.upkeep.look()).toBe(5_000);
  world.systemsAgain = 1_000;
  expect(await world.upkeep.look()).toBe(1_000);
});

test('what is not known yet is not missed', async () => {
  const world = new World();
  for (let turn = 0; turn < 4; turn++) expect(await world.upkeep.look()).toBeUndefined();
  expect(world.told).toEqual([]);
  expect(world.log.lines).toEqual([]);
});

test('an API is processed anew when its definition changes', async () => {
  const world = new World();
  const definition = JSON.stringify({ metadata: { name: 'apps.example.org' } });
  world.components = [];
  world.apis = [{ apiVersion: 'backstage.io/v1alpha1', kind: 'API', metadata: { name: 'App--v1' }, spec: { type: 'crd', definition } }];
  world.cluster.set('apps.example.org', object());
  await world.upkeep.look();
  await world.upkeep.look();
  expect(world.processed).toEqual(['api:default/app--v1']);
  world.cluster.set('apps.example.org', object({ generation: 2 }));
  await world.upkeep.look();
  expect(world.processed).toHaveLength(2);
});

test('a look that fails is told, and the next one goes on', async () => {
  const world = new World();
  world.components = [{ ...ingested('shop'), metadata: { ...ingested('shop').metadata, annotations: undefined } }, null as unknown as Entity];
  await world.upkeep.look();
  expect(world.log.lines[0]).toMatch(/^warn: the catalog was not compared with the cluster: TypeError/);
  world.components = [ingested('shop')];
  world.cluster.set('shop', object());
  await world.upkeep.look();
  expect(world.actions()).toEqual(['upsert']);
});

test('a state is what an entity may tell of an object', () => {
  expect(stateOf(object({ resourceVersion: '1' }))).toBe(stateOf(object({ resourceVersion: '2' })));
  for (const change of [{ uid: '2' }, { generation: 2 }, { labels: { a: 'b' } }, { annotations: { a: 'b' } }]) {
    expect(stateOf(object(change))).not.toBe(stateOf(object()));
  }
});

test('what a namespace says of what is in it is taken up when it changes', async () => {
  const world = new World();
  const place = (labels: Record<string, string>): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo', labels } });
  world.cluster.set('shop', object());
  world.cluster.set('demo', place({ 'backstack.dev/owner': 'a' }));
  await world.upkeep.look();
  await world.upkeep.look();
  expect(world.processed).toEqual(['component:demo/shop']);
  world.cluster.set('demo', place({ 'backstack.dev/owner': 'b' }));
  await world.upkeep.look();
  expect(world.processed).toEqual(['component:demo/shop', 'component:demo/shop']);
});

test('an entity is processed anew when another version of its API counts', async () => {
  const world = new World();
  world.cluster.set('shop', object());
  await world.upkeep.look();
  expect(world.processed).toEqual([]);
  world.version = 'v1';
  for (let turn = 0; turn < 2; turn++) await world.upkeep.look();
  expect(world.processed).toEqual(['component:demo/shop']);
  world.version = 'v2';
  await world.upkeep.look();
  expect(world.processed).toHaveLength(2);
});
