import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Log } from '../testing/log';
import { Docs } from './docs';
import { PortalSearchEngine } from './searchEngine';
import { DocsCollator } from './searchModule';

const APPS = '# Order an app\n\nWith a form.\n\n## Delete an app\n\nTake its file away.\nA database goes with its data.\n';
const GITEA = '# The Git server\n\nPull requests are made and deleted here.\n';

let folder: string;
let engine: PortalSearchEngine;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portal-search-'));
  writeFileSync(join(folder, 'how-to__apps.md'), APPS);
  writeFileSync(join(folder, 'gitea.md'), GITEA);
  writeFileSync(join(folder, 'workshop__slides__apps.md'), APPS);
  engine = new PortalSearchEngine({ logger: new Log() });
  const collator = new DocsCollator(new Docs(folder));
  await pipeline(await collator.getCollator(), await engine.getIndexer(collator.type));
});
afterEach(() => rmSync(folder, { recursive: true }));

const find = async (term: string) => (await engine.query({ term })).results.map(each => each.document.location);

test.each([
  ['how do I delete an app', ['/docs/how-to/apps.md#delete-an-app']],
  ['deleting', ['/docs/how-to/apps.md#delete-an-app', '/docs/gitea.md']],
  ['datab', ['/docs/how-to/apps.md#delete-an-app']],
  ['Pull Request', ['/docs/gitea.md']],
  ['order form', ['/docs/how-to/apps.md']],
])('%s finds the parts that have it, those with it in the title first', async (term, expected) => {
  expect(await find(term)).toEqual(expected);
});

// Others that differ in some letters are not what was asked for.
test.each(['gel', 'xyzzy', 'forms2', '', '  ', '*', 'app+(', 'the'])('%s finds nothing that does not have it', async term => {
  for (const each of (await engine.query({ term })).results) {
    const text = `${each.document.title} ${each.document.text} ${each.document.location}`.toLowerCase();
    expect(text).toContain(term.toLowerCase().replace(/\W/g, ''));
  }
});

test('what is found names its page, and at most so much is told as was asked for', async () => {
  const { results, numberOfResults } = await engine.query({ term: 'app', pageLimit: 1 });
  expect(results).toMatchObject([{ type: 'docs', rank: 1, document: { page: 'Order an app' } }]);
  expect(numberOfResults).toBe(1);
});
