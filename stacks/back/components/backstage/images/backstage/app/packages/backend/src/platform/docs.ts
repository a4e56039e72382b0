// The platform's documentation: Markdown files in a folder, and the pictures in them.
import { promises as fs } from 'fs';
import path from 'path';
import { NotFoundError } from '@backstage/errors';
import type { Page } from '@backstack/common';

/** In a ConfigMap a file's folders are joined to its name with this. */
const SEPARATOR = '__';
/** A ConfigMap holds text: pictures are drawings. */
const PICTURE = '.svg';

export class Docs {
  constructor(private readonly folder: string) {}

  /** All pages, sorted by path. */
  async pages(): Promise<Page[]> {
    const files = await this.files('.md');
    const pages = await Promise.all([...files].map(async ([name, file]) => ({ path: name, title: title(await read(file), name) })));
    return pages.sort((a, b) => a.path.localeCompare(b.path));
  }

  /** The Markdown of a page. */
  async page(name: string): Promise<string> {
    return this.text(name, '.md', 'page');
  }

  /** A drawing, as SVG. */
  async picture(name: string): Promise<string> {
    return this.text(name, PICTURE, 'picture');
  }

  private async text(name: string, ending: string, what: string): Promise<string> {
    // Only what was listed is read: a path from outside never becomes part of a file's name.
    const file = (await this.files(ending)).get(name);
    if (!file) throw new NotFoundError(`there is no ${what} \`${name}\``);
    return read(file);
  }

  private async files(ending: string): Promise<Map<string, string>> {
    const entries = await fs.readdir(this.folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const found = new Map<string, string>();
    for (const entry of entries) {
      const file = path.join(entry.parentPath, entry.name);
      const relative = path.relative(this.folder, file);
      // A ConfigMap's volume has its files twice: as links, and in a hidden folder.
      if (!entry.name.endsWith(ending) || relative.startsWith('.')) continue;
      found.set(relative.split(path.sep).join('/').replaceAll(SEPARATOR, '/'), file);
    }
    return found;
  }
}

async function read(file: string): Promise<string> {
  return fs.readFile(file, 'utf8');
}

function title(text: string, name: string): string {
  return /^# +(.+)$/m.exec(text)?.[1].replace(/`/g, '').trim() ?? name;
}
