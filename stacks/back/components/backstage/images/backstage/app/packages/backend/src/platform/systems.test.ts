import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CatalogConnection } from '../testing/catalog';
import { ingested } from '../testing/objects';
import { Systems } from './systems';

beforeEach(() => {
  vi.useFakeTimers();
  owner = 'group:default/developers';
});
afterEach(() => {
  vi.useRealTimers();
});

let owner: string;
const ownerOf = () => owner;
const inSystem = (system: string) => ({ ...ingested('x'), spec: { system } });

test('a namespace with something in it is a system, until nothing is in it', async () => {
  const [catalog, systems] = [new CatalogConnection(), new Systems(ownerOf)];
  await systems.connect(catalog);
  await systems.refresh([inSystem('system:default/b'), inSystem('system:default/a'), inSystem('system:default/a'), inSystem('elsewhere')]);
  expect(catalog.sorted()).toEqual(['a', 'b']);
  expect(catalog.entities.get('a')).toMatchObject({ kind: 'System', spec: { owner: 'group:default/developers' } });
  await systems.refresh([inSystem('system:default/a'), inSystem('system:default/b')]);
  expect(catalog.mutations).toBe(1);
  owner = 'group:default/sales';
  await systems.refresh([inSystem('system:default/a')]);
  expect(catalog.sorted()).toEqual(['a']);
  expect(catalog.entities.get('a')).toMatchObject({ spec: { owner } });
});

test('a system that somebody took away is back after the next look', async () => {
  const [catalog, systems] = [new CatalogConnection(), new Systems(ownerOf)];
  await systems.connect(catalog);
  await systems.refresh([inSystem('system:default/a')]);
  catalog.entities.clear();
  systems.forget();
  await systems.refresh([inSystem('system:default/a')]);
  expect(catalog.sorted()).toEqual(['a']);
});

test('a system is there before its first component, and stays until that one can be found', async () => {
  const [catalog, systems] = [new CatalogConnection(), new Systems(ownerOf)];
  await systems.connect(catalog);
  await systems.seen('new');
  await systems.seen('new');
  expect(catalog.sorted()).toEqual(['new']);
  expect(catalog.mutations).toBe(1);
  vi.advanceTimersByTime(29_000);
  // Without a look at that time it would stay until something else changes.
  expect(await systems.refresh([])).toBe(1_000);
  expect(catalog.sorted()).toEqual(['new']);
  vi.advanceTimersByTime(1_000);
  expect(await systems.refresh([])).toBeUndefined();
  expect(catalog.sorted()).toEqual([]);
});
