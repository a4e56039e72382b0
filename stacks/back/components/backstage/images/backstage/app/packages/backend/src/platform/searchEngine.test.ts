import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { beforeEach, expect, test } from 'vitest';
import { Log } from '../testing/log';
import { PortalSearchEngine } from './searchEngine';

const THINGS = [
  { title: 'shop', text: 'App in the namespace demo. Deletes old orders of its database.', location: '/catalog/demo/component/shop' },
  { title: 'Database', text: 'A template: order a database.', location: '/catalog/default/template/databases' },
  { title: 'Łódź', text: 'Приложение команды', location: '/catalog/demo/component/lodz' },
];

let engine: PortalSearchEngine;
beforeEach(async () => {
  engine = new PortalSearchEngine({ logger: new Log() });
  await pipeline(Readable.from(THINGS), await engine.getIndexer('software-catalog'));
});

const find = async (term: string) => (await engine.query({ term })).results.map(each => each.document.title);

test.each([
  ['how do I delete orders', ['shop']],
  ['deleting', ['shop']],
  ['datab', ['Database', 'shop']],
  ['order database', ['Database', 'shop']],
  ['łódź', ['Łódź']],
  ['приложение', ['Łódź']],
])('%s finds what has it, in the title first', async (term, expected) => {
  expect(await find(term)).toEqual(expected);
});

// Others that differ in some letters are not what was asked for.
test.each(['gel', 'xyzzy', 'shops2', '', '  ', '*', 'app+(', 'the'])('%s finds nothing that does not have it', async term => {
  for (const each of (await engine.query({ term })).results) {
    const text = `${each.document.title} ${each.document.text} ${each.document.location}`.toLowerCase();
    expect(text).toContain(term.toLowerCase().replace(/\W/g, ''));
  }
});

test('at most so much is told as was asked for', async () => {
  const { results, numberOfResults } = await engine.query({ term: 'database', pageLimit: 1 });
  expect(results).toMatchObject([{ type: 'software-catalog', rank: 1, document: { title: 'Database' } }]);
  expect(numberOfResults).toBe(1);
});
