import { SidebarOpenStateProvider } from '@backstage/core-components';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useLocation } from 'react-router-dom';
import { expect, test } from 'vitest';
import { SearchField } from './navigation';
import { show } from './testing/show';

function Address() {
  const { pathname, search } = useLocation();
  return <p>{`${pathname}${search}`}</p>;
}

test('what is typed into the menu is looked for', async () => {
  const user = userEvent.setup();
  const open = { isOpen: true, setOpen: () => undefined };
  show(<SidebarOpenStateProvider value={open}><SearchField /><Address /></SidebarOpenStateProvider>, {});
  await user.type(screen.getByLabelText('Search everything'), ' delete an app{Enter}');
  expect(screen.getByText('/search?query=delete%20an%20app')).toBeDefined();
});
