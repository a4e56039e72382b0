import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { Call, show } from '../testing/show';
import { DocsPage } from './DocsPage';

const items = [{ path: 'index.md', title: 'Start' }, { path: 'how-to/apps.md', title: 'Order an app' }];
const routes = ({ route }: Call) => Response.json(route === 'docs' ? { items } : { text: `text of ${route}` });

test('a page is found by a word, and one that is not there is said to be missing', async () => {
  const user = userEvent.setup();
  show(<DocsPage />, { routes });
  expect(await screen.findByText('text of docs/page?path=index.md')).toBeDefined();
  const field = screen.getByLabelText('Find a page');
  await user.type(field, 'app');
  expect(screen.getAllByRole('link').map(each => each.textContent)).toEqual(['Order an app']);
  await user.type(field, 'xyz');
  expect(screen.getByText('No page has this in its title.')).toBeDefined();
});
