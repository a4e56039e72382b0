import { expect, test } from 'vitest';
import { linksForPortal } from './markdown';

const pages = ['index.md', 'how-to/apps.md', 'how-to/access.md'].map(path => ({ path, title: path }));
const from = (text: string, page = 'how-to/apps.md') => linksForPortal(text, page, pages);

test.each([
  ['[a](access.md)', '[a](/docs/how-to/access.md)'],
  ['[a](./access.md#who)', '[a](/docs/how-to/access.md#who)'],
  ['[a](../index.md)', '[a](/docs/index.md)'],
  ['[a](/index.md)', '[a](/docs/index.md)'],
])('%s leads to the portal\'s page', (text, expected) => {
  expect(from(text)).toBe(expected);
});

test('what leads elsewhere, or to a place on the same page, stays', () => {
  const text = '[a](https://example.org/x.md) and [b](#below), [c](mailto:a@example.org)';
  expect(from(text)).toBe(text);
});

test('of what the portal does not have, the words stay; pictures go', () => {
  expect(from('See [the code](../../src/main.rs). ![A picture](../pictures/a.png) ![b](https://example.org/b.png)')).toBe('See the code.  ');
  expect(from('[a](access.md)', 'index.md')).toBe('a');
});
