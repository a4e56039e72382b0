import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { Call, show } from '../testing/show';
import { SearchPage } from './SearchPage';

const results = [
  { type: 'docs', document: { title: 'Delete an app', text: 'Delete its file in Git.', location: '/docs/how-to/apps.md#delete-an-app', page: 'Order an app' } },
  { type: 'software-catalog', document: { title: 'shop', text: '', location: '/catalog/demo/component/shop', kind: 'Component', componentType: 'app', namespace: 'demo' } },
];
const routes = ({ route }: Call) => Response.json({ results: route.includes('nothing') ? [] : results });

test('what the address asks for is found: what runs first, then the docs with the line', async () => {
  const calls = show(<SearchPage />, { routes, address: '/search?query=delete' });
  const links = await screen.findAllByRole('link');
  expect(links.map(each => each.getAttribute('href'))).toEqual(['/catalog/demo/component/shop', '/docs/how-to/apps.md#delete-an-app']);
  expect(screen.getAllByTestId('found')[1].textContent).toBe('Delete an app Docs: Order an appDelete its file in Git.');
  expect(calls.map(each => each.route)).toEqual(['search/query?term=delete']);
});

test('what is typed is looked for after a moment; nothing found comes with advice', async () => {
  const user = userEvent.setup();
  const calls = show(<SearchPage />, { routes, address: '/search' });
  expect(calls).toEqual([]);
  await user.type(screen.getByLabelText('What do you look for?'), 'nothing');
  expect(await screen.findByText('Nothing found')).toBeDefined();
  expect(screen.getByRole('link', { name: 'docs' }).getAttribute('href')).toBe('/docs');
});

test('a search that fails says so', async () => {
  show(<SearchPage />, { address: '/search?query=a', routes: () => Response.json({ error: { name: 'Error', message: 'no index yet' } }, { status: 500 }) });
  expect(await screen.findByText(/no index yet/)).toBeDefined();
});
