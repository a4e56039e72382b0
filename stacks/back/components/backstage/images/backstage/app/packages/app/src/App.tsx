// The portal's front end. Backstage's plugins and those of others are found among the packages that package.json names; here is
// only what is our own.
import { createApp } from '@backstage/frontend-defaults';
import { createFrontendModule } from '@backstage/frontend-plugin-api';
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

export default createApp({ features: [catalogModule, look, platformPlugin, tools] });
