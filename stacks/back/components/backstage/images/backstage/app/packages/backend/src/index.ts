// The portal's back end: one process that serves the pages, the APIs and the MCP actions.
import { createBackend } from '@backstage/backend-defaults';
import { rootHttpRouterServiceFactory } from '@backstage/backend-defaults/rootHttpRouter';
import { resolvePackagePath } from '@backstage/backend-plugin-api';
import { packed } from './packed';

const backend = createBackend();
backend.add(rootHttpRouterServiceFactory({
  configure({ app, applyDefaults }) {
    app.use(packed(resolvePackagePath('app', 'dist/static')));
    applyDefaults();
  },
}));
backend.add(import('@backstage/plugin-app-backend'));
backend.add(import('@backstage/plugin-auth-backend'));
backend.add(import('@backstage/plugin-auth-backend-module-guest-provider'));
backend.add(import('@backstage/plugin-auth-backend-module-oauth2-provider'));
backend.add(import('@backstage/plugin-catalog-backend'));
backend.add(import('@backstage/plugin-catalog-backend-module-logs'));
backend.add(import('@backstage/plugin-catalog-backend-module-scaffolder-entity-model'));
backend.add(import('@backstage/plugin-permission-backend'));
backend.add(import('@backstage/plugin-scaffolder-backend'));
backend.add(import('@backstage/plugin-kubernetes-backend'));
backend.add(import('@backstage/plugin-mcp-actions-backend'));
backend.add(import('@backstage/plugin-notifications-backend'));
backend.add(import('@backstage/plugin-search-backend'));
backend.add(import('@backstage/plugin-search-backend-module-catalog'));
backend.add(import('@backstage/plugin-signals-backend'));
backend.add(import('@terasky/backstage-plugin-kubernetes-ingestor'));
backend.add(import('@terasky/backstage-plugin-crossplane-resources-backend'));
// Our own: see platform/.
backend.add(import('./platform/plugin'));
backend.add(import('./platform/catalogModule'));
backend.add(import('./platform/scaffolderModule'));
backend.add(import('./platform/permissionModule'));
backend.add(import('./platform/searchModule'));
void backend.start();
