// The menu at the left: few entries, in the order in which a newcomer needs them.
import { FormEvent, lazy, Suspense } from 'react';
import { Sidebar, SidebarDivider, SidebarGroup, SidebarItem, SidebarSpace, useSidebarOpenState } from '@backstage/core-components';
import { NavContentBlueprint } from '@backstage/plugin-app-react';
import { makeStyles } from '@material-ui/core/styles';
import CreateIcon from '@material-ui/icons/AddCircleOutline';
import CatalogIcon from '@material-ui/icons/Apps';
import MenuIcon from '@material-ui/icons/Menu';
import DocsIcon from '@material-ui/icons/MenuBook';
import PolicyIcon from '@material-ui/icons/Gavel';
import DeliveryIcon from '@material-ui/icons/LocalShipping';
import HomeIcon from '@material-ui/icons/Home';
import BellIcon from '@material-ui/icons/NotificationsNone';
import CourseIcon from '@material-ui/icons/School';
import LinkIcon from '@material-ui/icons/Launch';
import SearchIcon from '@material-ui/icons/Search';
import SettingsIcon from '@material-ui/icons/AccountCircle';
import { Link, useNavigate } from 'react-router-dom';
import { Mark } from './Logo';
import { usePlatformLinks } from './platform/links';
import { searchPath } from './platform/search';

/** The page does not wait for it. */
const Bell = lazy(() => import('@backstage/plugin-notifications').then(({ NotificationsSidebarItem }) => ({ default: NotificationsSidebarItem })));

const useStyles = makeStyles({
  brand: {
    display: 'flex',
    alignItems: 'center',
    gap: 14,
    height: 72,
    paddingLeft: 22,
    color: '#ffffff',
    textDecoration: 'none',
    fontSize: 19,
    fontWeight: 700,
    whiteSpace: 'nowrap',
  },
  search: { display: 'flex', alignItems: 'center', gap: 14, height: 48, padding: '0 14px 0 26px', color: '#c3cfe6' },
  term: {
    width: 140,
    padding: '6px 10px',
    font: 'inherit',
    color: '#ffffff',
    backgroundColor: '#1b3160',
    border: '1px solid #7c8fb5',
    borderRadius: 6,
    '&::placeholder': { color: '#c3cfe6', opacity: 1 },
  },
});

function Brand() {
  const { isOpen } = useSidebarOpenState();
  const classes = useStyles();
  return (
    <Link to="/" className={classes.brand} aria-label="BACK stack, home">
      <Mark />
      {isOpen && 'BACK stack'}
    </Link>
  );
}

/** Where people type what they look for; an icon while the menu is narrow. */
export function SearchField() {
  const { isOpen } = useSidebarOpenState();
  const classes = useStyles();
  const navigate = useNavigate();
  if (!isOpen) return <SidebarItem icon={SearchIcon} to="/search" text="Search" />;
  const search = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { value } = event.currentTarget.elements.namedItem('term') as HTMLInputElement;
    navigate(searchPath(value.trim()));
  };
  return (
    <form role="search" className={classes.search} onSubmit={search}>
      <SearchIcon fontSize="small" aria-hidden />
      <input name="term" type="search" className={classes.term} aria-label="Search everything" placeholder="Search" autoComplete="off" />
    </form>
  );
}

function Menu() {
  const links = usePlatformLinks();
  return (
    <Sidebar>
      <Brand />
      <SidebarGroup label="Search" icon={<SearchIcon />} to="/search">
        <SearchField />
      </SidebarGroup>
      <SidebarGroup label="Menu" icon={<MenuIcon />}>
        <SidebarItem icon={HomeIcon} to="/" text="Home" />
        <SidebarItem icon={CatalogIcon} to="/catalog" text="Catalog" />
        <SidebarItem icon={CreateIcon} to="/create" text="Create" />
        <SidebarItem icon={DeliveryIcon} to="/delivery" text="Delivery" />
        <SidebarItem icon={PolicyIcon} to="/policies" text="Policies" />
        <SidebarItem icon={CourseIcon} to="/workshop" text="Workshop" />
        <SidebarItem icon={DocsIcon} to="/docs" text="Docs" />
        <SidebarDivider />
        {links.map(link => (
          <SidebarItem key={link.url} icon={LinkIcon} to={link.url} text={link.title} target="_blank" rel="noopener" />
        ))}
      </SidebarGroup>
      <SidebarSpace />
      <SidebarDivider />
      <SidebarGroup label="News" icon={<BellIcon />} to="/notifications">
        <Suspense fallback={<SidebarItem icon={BellIcon} to="/notifications" text="Notifications" />}>
          <Bell icon={BellIcon} text="Notifications" snackbarEnabled={false} />
        </Suspense>
      </SidebarGroup>
      {/* A group: on a phone, only groups are shown. */}
      <SidebarGroup label="Settings" icon={<SettingsIcon />} to="/settings">
        <SidebarItem icon={SettingsIcon} to="/settings" text="Settings" />
      </SidebarGroup>
    </Sidebar>
  );
}

export const navigation = NavContentBlueprint.make({ params: { component: Menu } });
