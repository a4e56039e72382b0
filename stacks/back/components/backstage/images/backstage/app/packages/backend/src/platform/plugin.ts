// Back end of the portal's own cards and pages.
import { coreServices, createBackendPlugin } from '@backstage/backend-plugin-api';
import { Config } from '@backstage/config';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { Docs } from './docs';
import { Gitea } from './gitea';
import { Kube } from './kube';
import { changePermission } from './permissions';
import { Context, router } from './router';

export default createBackendPlugin({
  pluginId: 'backstack',
  register(reg) {
    reg.registerInit({
      deps: {
        catalog: catalogServiceRef,
        config: coreServices.rootConfig,
        http: coreServices.httpRouter,
        httpAuth: coreServices.httpAuth,
        permissions: coreServices.permissions,
        permissionsRegistry: coreServices.permissionsRegistry,
      },
      async init({ catalog, config, http, httpAuth, permissions, permissionsRegistry }) {
        permissionsRegistry.addPermissions([changePermission]);
        http.use(router(await context(config, { httpAuth, permissions, catalog })));
      },
    });
  },
});

async function context(config: Config, services: Pick<Context, 'httpAuth' | 'permissions' | 'catalog'>): Promise<Context> {
  return {
    kube: await Kube.fromConfig(config),
    gitea: Gitea.fromConfig(config),
    docs: new Docs(config.getString('backstack.docs')),
    argoUrl: config.getString('backstack.argocd.publicUrl').replace(/\/$/, ''),
    platformUrl: config.getString('app.baseUrl'),
    ...services,
  };
}
