import { expect, test } from 'vitest';
import type { Page } from '@backstack/common';
import { firstPage, groups, matching } from './pages';

const page = (path: string, title = path): Page => ({ path, title });

test('readers start at an overview', () => {
  const pages = [page('how-to/apps.md'), page('architecture.md'), page('concepts.md'), page('index.md')];
  expect(firstPage(pages)?.path).toBe('index.md');
  expect(firstPage(pages.slice(0, 3))?.path).toBe('concepts.md');
  expect(firstPage([page('how-to/apps.md'), page('other.md')])?.path).toBe('other.md');
  expect(firstPage([page('how-to/apps.md')])?.path).toBe('how-to/apps.md');
  expect(firstPage([])).toBeUndefined();
});

test('pages are grouped by folder, those at the top first', () => {
  const found = groups(['how-to/apps.md', 'index.md', 'how-to/a/b.md', 'components/x.md', 'how-to/z.md'].map(path => page(path)));
  expect(found.map(([folder, members]) => [folder, members.map(each => each.path)])).toEqual([
    ['', ['index.md']],
    ['components', ['components/x.md']],
    ['how to', ['how-to/apps.md', 'how-to/z.md']],
    ['how to / a', ['how-to/a/b.md']],
  ]);
});

test('a page is found by title or path, whatever the case', () => {
  const pages = [page('how-to/apps.md', 'Order an app'), page('components/gitea.md', 'The Git server')];
  expect(matching(pages, 'ORDER')).toEqual([pages[0]]);
  expect(matching(pages, 'gitea')).toEqual([pages[1]]);
  expect(matching(pages, '')).toEqual(pages);
  expect(matching(pages, 'nothing')).toEqual([]);
});
