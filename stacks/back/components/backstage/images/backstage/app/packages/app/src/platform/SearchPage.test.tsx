import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { Call, show } from '../testing/show';
import { SearchPage } from './SearchPage';

const shop = { type: 'software-catalog', document: { title: 'shop', text: '', location: '/catalog/demo/component/shop', kind: 'Component', componentType: 'app', namespace: 'demo' } };
const section = { address: 'how-to/apps.md#delete-an-app', headings: ['Order an app', 'Delete an app'], line: 'Delete its file in Git.' };
const routes = ({ route }: Call) => {
  const isFound = !route.includes('nothing');
  return Response.json(route.startsWith('search/') ? { results: isFound ? [shop] : [] } : { items: isFound ? [section] : [] });
};

test('what the address asks for is found: what runs first, then the docs with the line', async () => {
  const calls = show(<SearchPage />, { routes, address: '/search?query=delete' });
  await screen.findByText('In the docs');
  const links = await screen.findAllByRole('link');
  expect(links.map(each => each.getAttribute('href'))).toEqual(['/catalog/demo/component/shop', '/docs/how-to/apps.md#delete-an-app']);
  expect(screen.getAllByTestId('found')[1].textContent).toBe('Delete an app Docs: Order an appDelete its file in Git.');
  expect(calls.map(each => each.route).sort()).toEqual(['docs/search?term=delete', 'search/query?term=delete']);
});

test('what is typed is looked for after a moment; nothing found comes with advice', async () => {
  const user = userEvent.setup();
  const calls = show(<SearchPage />, { routes, address: '/search' });
  expect(calls).toEqual([]);
  await user.type(screen.getByLabelText('What do you look for?'), 'nothing');
  expect(await screen.findByText('Nothing found')).toBeDefined();
  expect(screen.getByRole('link', { name: 'docs' }).getAttribute('href')).toBe('/docs');
});

test('the docs are found while the catalog cannot be searched, and the other way round', async () => {
  const failing = ({ route }: Call) => (route.startsWith('search/') ? Response.json({ error: { name: 'Error', message: 'no index yet' } }, { status: 500 }) : Response.json({ items: [section] }));
  show(<SearchPage />, { address: '/search?query=a', routes: failing });
  expect(await screen.findByText(/no index yet/)).toBeDefined();
  expect(await screen.findByText('Delete an app')).toBeDefined();
});
