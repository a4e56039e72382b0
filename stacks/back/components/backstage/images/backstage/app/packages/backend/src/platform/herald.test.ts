import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Database } from '../testing/database';
import { Log } from '../testing/log';
import { Book } from './book';
import { Herald } from './herald';
import { Notice } from './notices';
import { PullNews } from './pullNews';

const notice = (key: string, over: Partial<Notice> = {}): Notice => ({ key, to: ['user:default/ann'], title: key, link: '/', topic: 'review', severity: 'normal', ...over });

let database: Database;
let book: Book;
let log: Log;
let told: string[];
let pulls: Notice[];
let health: Notice[];
let versions: Notice[];
let fault: Error | undefined;
let herald: Herald;

function begin() {
  herald = new Herald({
    book,
    pulls: [{ look: () => Promise.resolve(pulls) } as unknown as PullNews],
    health: {
      look: isFirst => Promise.resolve({ notices: isFirst ? [] : health }),
      ordered: ref => Promise.resolve(void told.push(`expects ${ref}`)),
    },
    versions: () => Promise.resolve(versions),
    send: each => (fault ? Promise.reject(fault) : Promise.resolve(void told.push(each.key))),
    logger: log,
  });
  return herald.start();
}

beforeEach(async () => {
  [database, log, told, pulls, health, versions, fault] = [new Database(), new Log(), [], [], [], [], undefined];
  book = await Book.open(database);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(async () => {
  herald.stop();
  vi.useRealTimers();
  await database.stop();
});

/** Lets time pass; what is asked of the database takes real time. */
async function pass(seconds: number) {
  for (let second = 0; second < seconds; second += 1) {
    await vi.advanceTimersByTimeAsync(1000);
    await new Promise(resolve => setImmediate(resolve));
  }
  for (let turn = 0; turn < 50; turn += 1) await new Promise(resolve => setImmediate(resolve));
}

test('each thing is told once, also after a restart', async () => {
  await book.claim('an older platform');
  [pulls, versions] = [[notice('review 1')], [notice('deprecated 1')]];
  await begin();
  await pass(30);
  expect([...told].sort()).toEqual(['deprecated 1', 'review 1']);
  herald.stop();
  await begin();
  await pass(30);
  expect(told).toHaveLength(2);
});

test('on a platform that is new to it, what was merged before is no news', async () => {
  pulls = [notice('merged 1', { topic: 'merged', ordered: 'component:demo/a' }), notice('review 2')];
  health = [notice('runs 1')];
  await begin();
  await pass(12);
  expect(told).toEqual(['expects component:demo/a', 'review 2']);
});

test('what happens to a pull request is told at once where the Git server says so', async () => {
  await book.claim('an older platform');
  await begin();
  await pass(5);
  pulls = [notice('review 1')];
  await pass(20);
  expect(told).toEqual([]);
  herald.pullsChanged();
  await pass(2);
  expect(told).toEqual(['review 1']);
});

test('a change in the cluster is looked at soon', async () => {
  await book.claim('an older platform');
  await begin();
  await pass(5);
  health = [notice('broken 1')];
  herald.changed('Deployment');
  await pass(5);
  expect(told).toEqual(['broken 1']);
});

test('what could not be told is told later; what concerns nobody is not sent', async () => {
  await book.claim('an older platform');
  pulls = [notice('review 1'), notice('merged 2', { to: [] })];
  fault = new Error('no connection');
  await begin();
  await pass(11);
  expect(log.lines).toContain('warn: nobody was told “review 1”: Error: no connection');
  fault = undefined;
  await pass(121);
  expect(told).toEqual(['review 1']);
});
