import type { Page } from '@backstack/common';
// Links and pictures of the documentation, as the portal serves them.

/** Where a link of a page leads in the portal; nothing where the portal does not have it: then its words stay. */
export function linkForPortal(target: string, from: string, pages: Page[]): string | undefined {
  if (isElsewhere(target) || target.startsWith('#')) return target;
  const [file, anchor] = target.split('#');
  const path = resolve(from, file);
  if (pages.some(page => page.path === path)) return `/docs/${path}${anchor ? `#${anchor}` : ''}`;
  // An address of the platform, as the course has them.
  return target.startsWith('/') && !file.endsWith('.md') ? target : undefined;
}

/** Where a picture of a page is, below the portal's own pictures; nothing where it is not the portal's. */
export function pictureForPortal(target: string, from: string): string | undefined {
  return isElsewhere(target) || !/\.(svg|png|jpe?g|gif|webp)$/.test(target) ? undefined : resolve(from, target);
}

function isElsewhere(target: string): boolean {
  return /^([a-z]+:|\/\/)/.test(target);
}

function resolve(from: string, target: string): string {
  const parts = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

type Node = { type: string; tagName?: string; properties?: Record<string, unknown>; children?: Node[] };

/** Gives the headings of a page their anchors, in order. For react-markdown. */
export function withAnchors({ anchors }: { anchors: string[] }) {
  return (root: Node) => {
    let next = 0;
    const visit = (node: Node) => {
      if (/^h[1-6]$/.test(node.tagName ?? '')) {
        node.properties = { ...node.properties, id: anchors[next] };
        next += 1;
      }
      node.children?.forEach(visit);
    };
    visit(root);
  };
}
