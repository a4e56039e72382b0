// Search module: the engine. What is in the catalog comes from Backstage's own module; the documentation is searched by the
// platform's judge, as assistants and the command line search it.
import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { searchEngineRegistryExtensionPoint } from '@backstage/plugin-search-backend-node/alpha';
import { PortalSearchEngine } from './searchEngine';

export default createBackendModule({
  pluginId: 'search',
  moduleId: 'backstack-engine',
  register(reg) {
    reg.registerInit({
      deps: { engines: searchEngineRegistryExtensionPoint, logger: coreServices.logger },
      init({ engines, logger }) {
        engines.setSearchEngine(new PortalSearchEngine({ logger }));
        return Promise.resolve();
      },
    });
  },
});
