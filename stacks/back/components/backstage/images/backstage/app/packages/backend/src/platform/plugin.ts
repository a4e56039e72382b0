// Back end of the portal's own cards and pages.
import { coreServices, createBackendPlugin } from '@backstage/backend-plugin-api';
import { Config } from '@backstage/config';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { Docs } from './docs';
import { Gitea } from './gitea';
import { Judge } from './judge';
import { Kube } from './kube';
import { changePermission, syncPermission } from './permissions';
import { Context, PICTURES, router } from './router';
import { WebPages } from './webPages';

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
        userInfo: coreServices.userInfo,
      },
      async init({ config, http, permissionsRegistry, ...services }) {
        permissionsRegistry.addPermissions([changePermission, syncPermission]);
        http.addAuthPolicy({ path: PICTURES, allow: 'unauthenticated' });
        http.use(router({ ...services, ...(await settings(config)) }));
      },
    });
  },
});

async function settings(config: Config): Promise<Omit<Context, 'catalog' | 'httpAuth' | 'permissions' | 'userInfo'>> {
  const gitea = Gitea.fromConfig(config);
  return {
    kube: await Kube.fromConfig(config),
    judge: Judge.fromConfig(config),
    gitea,
    repositories: (config.getOptionalStringArray('backstack.git.reviewed') ?? []).map(each => gitea.of(each)),
    docs: new Docs(config.getString('backstack.docs')),
    argo: WebPages.fromConfig(config.getConfig('backstack.argocd')),
    platformUrl: config.getString('app.baseUrl'),
    approvers: config.getOptionalStringArray('backstack.git.approvers') ?? [],
  };
}
