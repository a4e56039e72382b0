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

test('a drawing is a picture, and no page', async () => {
  writeFileSync(join(folder, 'pictures__up.svg'), '<svg/>');
  expect(await docs.picture('pictures/up.svg')).toBe('<svg/>');
  expect(await docs.pages()).toEqual([]);
  await expect(docs.picture('index.md')).rejects.toThrow('there is no picture `index.md`');
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
