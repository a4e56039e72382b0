// Links between pages of the documentation, as the portal serves them.
import { Page } from './api';

const LINK = /(!?)\[([^\]]*)\]\(([^)\s]+)\)/g;

/** Points links to other pages at the portal's; of what the portal does not have, the words stay. */
export function linksForPortal(text: string, from: string, pages: Page[]): string {
  const known = new Set(pages.map(page => page.path));
  return text.replace(LINK, (whole, image: string, label: string, target: string) => {
    if (/^[a-z]+:/.test(target) || target.startsWith('#')) return image ? '' : whole;
    const [file, anchor] = target.split('#');
    const path = resolve(from, file);
    if (image || !known.has(path)) return image ? '' : label;
    return `[${label}](/docs/${path}${anchor ? `#${anchor}` : ''})`;
  });
}

function resolve(from: string, target: string): string {
  const parts = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
