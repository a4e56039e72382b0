import { expect, test } from 'vitest';
import { linkForPortal, pictureForPortal, withAnchors } from './markdown';

const pages = ['index.md', 'how-to/apps.md', 'how-to/access.md'].map(path => ({ path, title: path }));
const from = (target: string, page = 'how-to/apps.md') => linkForPortal(target, page, pages);

test.each([
  ['access.md', '/docs/how-to/access.md'],
  ['./access.md#who', '/docs/how-to/access.md#who'],
  ['../index.md', '/docs/index.md'],
  ['/index.md', '/docs/index.md'],
])('%s leads to the portal\'s page', (target, expected) => {
  expect(from(target)).toBe(expected);
});

test.each(['https://example.org/x.md', '#below', 'mailto:a@example.org'])('%s leads elsewhere, or to a place on the same page, and stays', target => {
  expect(from(target)).toBe(target);
});

test('what the portal does not have leads nowhere', () => {
  expect(from('../../src/main.rs')).toBeUndefined();
  expect(from('access.md', 'index.md')).toBeUndefined();
  expect(from('/how-to/gone.md')).toBeUndefined();
});

test.each(['/create', '/catalog/demo/component/my-app#top', '/gitea/backstack/demo-cluster'])('%s is an address of the platform', target => {
  expect(from(target)).toBe(target);
});

test('pictures are the portal\'s own, and nothing else is', () => {
  expect(pictureForPortal('../pictures/up.svg', 'how-to/apps.md')).toBe('pictures/up.svg');
  expect(pictureForPortal('../pictures/a.jpg', 'how-to/apps.md')).toBe('pictures/a.jpg');
  expect(pictureForPortal('../pictures/a.html', 'how-to/apps.md')).toBeUndefined();
  expect(pictureForPortal('https://example.org/b.svg', 'index.md')).toBeUndefined();
});

test('headings get their anchors in order', () => {
  const heading = (tagName: string) => ({ type: 'element', tagName, properties: {} as Record<string, unknown> });
  const [one, two] = [heading('h1'), heading('h3')];
  withAnchors({ anchors: ['a', 'b'] })({ type: 'root', children: [one, heading('p'), { type: 'element', tagName: 'div', children: [two] }] });
  expect([one.properties.id, two.properties.id]).toEqual(['a', 'b']);
});
