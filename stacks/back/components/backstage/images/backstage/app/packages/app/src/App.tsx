// The portal's front end: Backstage's plugins, TeraSky's for Crossplane, and our own.
import { createApp } from '@backstage/frontend-defaults';
import { createFrontendModule } from '@backstage/frontend-plugin-api';
import authPlugin from '@backstage/plugin-auth';
import catalogPlugin from '@backstage/plugin-catalog/alpha';
import kubernetesPlugin from '@backstage/plugin-kubernetes/alpha';
import orgPlugin from '@backstage/plugin-org/alpha';
import scaffolderPlugin from '@backstage/plugin-scaffolder/alpha';
import userSettingsPlugin from '@backstage/plugin-user-settings/alpha';
import crossplanePlugin from '@terasky/backstage-plugin-crossplane-resources-frontend/alpha';
import { navigation } from './navigation';
import catalogModule from './platform/catalog';
import platformPlugin from './platform/plugin';
import { giteaAuth, signIn } from './signIn';
import { darkTheme, lightTheme } from './theme';
import { tools } from './tools';

const look = createFrontendModule({
  pluginId: 'app',
  extensions: [navigation, signIn, giteaAuth, lightTheme, darkTheme],
});

export default createApp({
  features: [
    authPlugin,
    catalogModule,
    catalogPlugin,
    crossplanePlugin,
    kubernetesPlugin,
    look,
    orgPlugin,
    platformPlugin,
    scaffolderPlugin,
    tools,
    userSettingsPlugin,
  ],
});
