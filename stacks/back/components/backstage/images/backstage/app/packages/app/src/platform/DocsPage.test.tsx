import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Route, Routes } from 'react-router-dom';
import { beforeEach, expect, test, vi } from 'vitest';
import { Call, show } from '../testing/show';
import { DocsPage } from './DocsPage';

const items = [{ path: 'index.md', title: 'Start' }, { path: 'how-to/apps.md', title: 'Order an app' }];
const APPS = [
  '# Order an app', 'See [the start](../index.md#who) and [code](../../main.rs).', '## Order: `it`', 'a', '## Change it', 'b', '### More', 'c',
  '![A drawing](../pictures/a.svg)', '| a |\n|---|\n| b |', '```mermaid\nflowchart LR\n  one --> two\n```', '```mermaid\npie\n```',
].join('\n\n');
const headings = [
  { level: 1, title: 'Order an app', anchor: 'order-an-app' },
  { level: 2, title: 'Order: it', anchor: 'order-it' },
  { level: 2, title: 'Change it', anchor: 'change-it' },
  { level: 3, title: 'More', anchor: 'more' },
];
const routes = ({ route }: Call) => {
  if (route === 'docs') return Response.json({ items });
  return Response.json(route.includes('apps.md') ? { text: APPS, headings } : { text: 'the start', headings: [] });
};
const page = (address = '/docs') => show(<Routes><Route path="/docs/*" element={<DocsPage />} /></Routes>, { routes, address });

/** Where was scrolled to; jsdom itself does not scroll. */
let places: string[];
beforeEach(() => {
  places = [];
  // Nor does it measure, which the graph asks for.
  vi.stubGlobal('ResizeObserver', class { observe() {} unobserve() {} disconnect() {} });
  Object.assign(SVGElement.prototype, { getBBox: () => ({ width: 10, height: 10 }) });
  Element.prototype.scrollIntoView = function scrolled(this: Element) {
    places.push(this.id);
  };
});

test('a page is found by a word, and one that is not there is said to be missing', async () => {
  const user = userEvent.setup();
  page();
  expect(await screen.findByText('the start')).toBeDefined();
  const field = screen.getByLabelText('Find a page');
  const links = () => within(screen.getByRole('navigation', { name: 'Pages' })).getAllByRole('link').map(each => each.textContent);
  await user.type(field, 'app');
  expect(links()).toEqual(['Order an app']);
  await user.type(field, 'xyz');
  expect(screen.getByText(/^No page has this in its title/)).toBeDefined();
  expect(links()).toEqual(['Search in all texts']);
});

test('an address with an anchor leads to its heading, and the page lists what is on it', async () => {
  const user = userEvent.setup();
  page('/docs/how-to/apps.md#change-it');
  expect((await screen.findByRole('heading', { name: 'Change it' })).id).toBe('change-it');
  expect(places.at(-1)).toBe('change-it');
  const outline = within(screen.getByRole('navigation', { name: 'On this page' }));
  expect(outline.getAllByRole('link').map(each => each.textContent)).toEqual(['Order: it', 'Change it', 'More']);
  await user.click(outline.getByRole('link', { name: 'More' }));
  expect(places.at(-1)).toBe('more');
});

test('links, pictures and diagrams are the portal\'s; what it does not have stays as words', async () => {
  page('/docs/how-to/apps.md');
  expect((await screen.findByRole('link', { name: 'the start' })).getAttribute('href')).toBe('/docs/index.md#who');
  expect(screen.queryByRole('link', { name: 'code' })).toBeNull();
  expect((await screen.findByRole('img', { name: 'A drawing' })).getAttribute('src')).toBe('http://portal.example/api/backstack/docs/files/pictures/a.svg');
  expect(await screen.findByRole('figure', { name: 'Diagram: one leads to two.' })).toBeDefined();
  expect(screen.getByRole('cell', { name: 'b' })).toBeDefined();
  expect(await screen.findByText('pie')).toBeDefined();
});

test('a page that is not there is said to be missing, and searched for', async () => {
  page('/docs/how-to/roll-back.md');
  expect((await screen.findByRole('link', { name: 'Search for it' })).getAttribute('href')).toBe('/search?query=how%20to%20roll%20back');
});
