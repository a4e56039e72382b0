// The platform's documentation: Markdown files in a folder, and the pictures in them.
import { promises as fs } from 'fs';
import path from 'path';
import { NotFoundError } from '@backstage/errors';
import type { Page } from '@backstack/common';

/** In a ConfigMap a file's folders are joined to its name with this. */
const SEPARATOR = '__';
/** What pictures end with. */
const PICTURES = ['.svg', '.png', '.jpg', '.jpeg', '.gif', '.webp'];

export type Picture = { type: string; content: Buffer };

export class Docs {
  constructor(private readonly folder: string) {}

  /** All pages, sorted by path. */
  async pages(): Promise<Page[]> {
    const files = await this.files('.md');
    const pages = await Promise.all([...files].map(async ([name, file]) => ({ path: name, title: title(await read(file), name) })));
    return pages.sort((a, b) => a.path.localeCompare(b.path));
  }

  /** The Markdown of a page, as it is shown: what its author wrote for programs is not. */
  async page(name: string): Promise<string> {
    return withoutComments(await this.source(name));
  }

  /** The Markdown of a page, as it was written. */
  async source(name: string): Promise<string> {
    return read(await this.file(name, ['.md'], 'page'));
  }

  async picture(name: string): Promise<Picture> {
    const file = await this.file(name, PICTURES, 'picture');
    return { type: path.extname(name), content: await fs.readFile(file) };
  }

  private async file(name: string, endings: string[], what: string): Promise<string> {
    // Only what was listed is read: a path from outside never becomes part of a file's name.
    const file = (await this.files(...endings)).get(name);
    if (!file) throw new NotFoundError(`there is no ${what} \`${name}\``);
    return file;
  }

  private async files(...endings: string[]): Promise<Map<string, string>> {
    const entries = await fs.readdir(this.folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const found = new Map<string, string>();
    for (const entry of entries) {
      const file = path.join(entry.parentPath, entry.name);
      const relative = path.relative(this.folder, file);
      // A ConfigMap's volume has its files twice: as links, and in a hidden folder.
      if (!endings.includes(path.extname(entry.name)) || relative.startsWith('.')) continue;
      found.set(relative.split(path.sep).join('/').replaceAll(SEPARATOR, '/'), file);
    }
    return found;
  }
}

/** Takes out HTML comments, but for those that a block of code shows. */
export function withoutComments(markdown: string): string {
  const parts = markdown.split(/^([ \t]*(`{3,}|~{3,})[^\n]*\n[\s\S]*?^[ \t]*\2[`~]*[ \t]*$)/m);
  // Of three parts each: text, a block of code, and what its fence was.
  return parts.map((part, index) => [part.replace(/<!--[\s\S]*?-->\n?/g, ''), part, ''][index % 3]).join('');
}

async function read(file: string): Promise<string> {
  return fs.readFile(file, 'utf8');
}

function title(text: string, name: string): string {
  return /^# +(.+)$/m.exec(text)?.[1].replace(/`/g, '').trim() ?? name;
}
