import type { Page } from '@backstack/common';
// Which pages of the documentation are shown, and in which order.

/** Where readers start: an overview if there is one. */
export function firstPage(pages: Page[]): Page | undefined {
  const names = ['index.md', 'README.md', 'concepts.md', 'architecture.md'];
  const named = names.map(name => pages.find(page => page.path === name)).find(page => page);
  return named ?? pages.find(page => !page.path.includes('/')) ?? pages[0];
}

/** Pages by folder; those at the top come first. */
export function groups(pages: Page[]): [string, Page[]][] {
  const found = new Map<string, Page[]>();
  for (const page of pages) {
    const folder = page.path.includes('/') ? page.path.split('/').slice(0, -1).join(' / ').replace(/-/g, ' ') : '';
    found.set(folder, [...(found.get(folder) ?? []), page]);
  }
  return [...found].sort(([a], [b]) => a.localeCompare(b));
}

/** Pages with a text in their title or path. */
export function matching(pages: Page[], text: string): Page[] {
  return pages.filter(page => `${page.title} ${page.path}`.toLowerCase().includes(text.toLowerCase()));
}
