import { expect, test } from 'vitest';
import { headings, sections } from './sections';

test('a page is taken apart at its headings, with the anchors that Git servers give them', () => {
  const found = sections('# The `platform`\n\nIntro.\n\n## App, WebApp or *ClusterApp*?\n\nOne.\n```\n# no heading\n```\n## Again\n## Again\nTwo.\n');
  expect(found).toEqual([
    { title: 'The platform', text: 'Intro.' },
    { title: 'App, WebApp or ClusterApp?', anchor: 'app-webapp-or-clusterapp', text: 'One.\n```\n# no heading\n```' },
    { title: 'Again', anchor: 'again', text: '' },
    { title: 'Again', anchor: 'again-1', text: 'Two.' },
  ]);
});

test('headings have their level, and code has none', () => {
  expect(headings('# A\n```\n# no\n```\n### B `c` [d](e.md) ##\n')).toEqual([
    { level: 1, title: 'A', anchor: 'a' },
    { level: 3, title: 'B c d', anchor: 'b-c-d' },
  ]);
});

test('a page without a heading is one part', () => {
  expect(sections('Just text.\n')).toEqual([{ title: '', text: 'Just text.' }]);
});
