// The menu at the left: few entries, in the order in which a newcomer needs them.
import { Sidebar, SidebarDivider, SidebarGroup, SidebarItem, SidebarSpace, useSidebarOpenState } from '@backstage/core-components';
import { configApiRef, useApi } from '@backstage/frontend-plugin-api';
import { NavContentBlueprint } from '@backstage/plugin-app-react';
import { makeStyles } from '@material-ui/core/styles';
import CreateIcon from '@material-ui/icons/AddCircleOutline';
import CatalogIcon from '@material-ui/icons/Apps';
import MenuIcon from '@material-ui/icons/Menu';
import DocsIcon from '@material-ui/icons/MenuBook';
import HomeIcon from '@material-ui/icons/Home';
import LinkIcon from '@material-ui/icons/Launch';
import SettingsIcon from '@material-ui/icons/AccountCircle';
import { Link } from 'react-router-dom';
import { Mark } from './Logo';
import { platformLinks } from './platform/links';

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

function Menu() {
  const links = platformLinks(useApi(configApiRef));
  return (
    <Sidebar>
      <Brand />
      <SidebarGroup label="Menu" icon={<MenuIcon />}>
        <SidebarItem icon={HomeIcon} to="/" text="Home" />
        <SidebarItem icon={CatalogIcon} to="/catalog" text="Catalog" />
        <SidebarItem icon={CreateIcon} to="/create" text="Create" />
        <SidebarItem icon={DocsIcon} to="/docs" text="Docs" />
        <SidebarDivider />
        {links.map(link => (
          <SidebarItem key={link.url} icon={LinkIcon} to={link.url} text={link.title} />
        ))}
      </SidebarGroup>
      <SidebarSpace />
      <SidebarDivider />
      {/* A group: on a phone, only groups are shown. */}
      <SidebarGroup label="Settings" icon={<SettingsIcon />} to="/settings">
        <SidebarItem icon={SettingsIcon} to="/settings" text="Settings" />
      </SidebarGroup>
    </Sidebar>
  );
}

export const navigation = NavContentBlueprint.make({ params: { component: Menu } });
