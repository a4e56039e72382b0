import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Database } from '../testing/database';
import { Book } from './book';

let database: Database;
beforeEach(() => {
  database = new Database();
});
afterEach(async () => {
  vi.useRealTimers();
  await database.stop();
});

test('what was told is told once, also after a restart', async () => {
  const book = await Book.open(database);
  expect(await book.isEmpty()).toBe(true);
  expect(await book.claim('merged 1')).toBe(true);
  expect(await book.claim('merged 1')).toBe(false);
  const again = await Book.open(database);
  expect(await again.isEmpty()).toBe(false);
  expect(await again.claim('merged 1')).toBe(false);
  await again.forget('merged 1');
  expect(await again.claim('merged 1')).toBe(true);
});

test('states are kept by name, and the last one counts', async () => {
  const book = await Book.open(database);
  await book.set('state a', 'runs');
  await book.set('state a', 'broken');
  await book.set('state b', 'runs');
  await book.claim('other');
  expect([...(await book.all('state '))]).toEqual([['a', 'broken'], ['b', 'runs']]);
});

test('what is long past is forgotten, but not how things are', async () => {
  const book = await Book.open(database);
  await book.claim('merged 1');
  await book.set('state a', 'runs');
  vi.useFakeTimers({ now: Date.now() + 61 * 86_400_000, toFake: ['Date'] });
  const later = await Book.open(database);
  expect(await later.isNew('merged 1')).toBe(true);
  expect([...(await later.all('state ')).keys()]).toEqual(['a']);
});
