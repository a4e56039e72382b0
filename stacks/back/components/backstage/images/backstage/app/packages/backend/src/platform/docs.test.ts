import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Docs } from './docs';

let folder: string;
let docs: Docs;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portal-docs-'));
  docs = new Docs(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the volume of a ConfigMap is read as the folders that it was made of', async () => {
  mkdirSync(join(folder, '..data_1'));
  for (const [name, text] of [['index.md', '# The `platform` \n'], ['how-to__apps.md', 'No heading'], ['notes.txt', '# No page']]) {
    writeFileSync(join(folder, '..data_1', name), text);
    symlinkSync(join('..data_1', name), join(folder, name));
  }
  expect(await docs.pages()).toEqual([
    { path: 'how-to/apps.md', title: 'how-to/apps.md' },
    { path: 'index.md', title: 'The platform' },
  ]);
  expect(await docs.page('how-to/apps.md')).toBe('No heading');
});

test('drawings and photographs are pictures, and no pages', async () => {
  writeFileSync(join(folder, 'pictures__up.svg'), '<svg/>');
  const photograph = Buffer.from([0xff, 0xd8, 0xff]);
  writeFileSync(join(folder, 'pictures__home.jpg'), photograph);
  expect(await docs.picture('pictures/up.svg')).toEqual({ type: '.svg', content: Buffer.from('<svg/>') });
  expect(await docs.picture('pictures/home.jpg')).toEqual({ type: '.jpg', content: photograph });
  expect(await docs.pages()).toEqual([]);
  await expect(docs.picture('index.md')).rejects.toThrow('there is no picture `index.md`');
});

test('what an author wrote for programs is not shown, unless a block of code shows it', async () => {
  const page = '# A\n<!-- track\nname: a\n-->\ntext <!-- x --> on\n```md\n<!-- shown -->\n```\n<!--\nhidden\n-->\n~~~\n<!-- too -->\n~~~\nend\n';
  writeFileSync(join(folder, 'a.md'), page);
  expect(await docs.page('a.md')).toBe('# A\ntext  on\n```md\n<!-- shown -->\n```\n~~~\n<!-- too -->\n~~~\nend\n');
  expect(await docs.source('a.md')).toBe(page);
});

test('only pages are read', async () => {
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  for (const name of ['secret.txt', '../secret.md', '/etc/passwd', '']) {
    await expect(docs.page(name)).rejects.toThrow(`there is no page \`${name}\``);
  }
});

test('a folder that is not there has no pages', async () => {
  expect(await new Docs(join(folder, 'none')).pages()).toEqual([]);
});
