import { expect, test } from 'vitest';
import { headings, parts } from './sections';

test('a page is taken apart at its headings, with the anchors that Git servers give them', () => {
  const found = parts('# The `platform`\n\nIntro.\n\n## App, WebApp or *ClusterApp*?\n\nOne.\n```\n# no heading\n```\n## Again\n### Below\n## Again\nTwo.\n', 2);
  expect(found.map(each => [each.heading?.title, each.heading?.anchor])).toEqual([
    [undefined, undefined],
    ['App, WebApp or ClusterApp?', 'app-webapp-or-clusterapp'],
    ['Again', 'again'],
    ['Again', 'again-1'],
  ]);
  expect(found[1].text).toContain('# no heading');
});

test('headings have their level, and code has none', () => {
  expect(headings('# A\n```\n# no\n```\n### B `c` [d](e.md) ##\n')).toEqual([
    { level: 1, title: 'A', anchor: 'a' },
    { level: 3, title: 'B c d', anchor: 'b-c-d' },
  ]);
});

test('a page without a heading is one part', () => {
  expect(parts('Just text.', 2)).toEqual([{ text: 'Just text.\n' }]);
});
