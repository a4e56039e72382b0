// Back end of the portal's own cards and pages.
import { coreServices, createBackendPlugin, HttpAuthService } from '@backstage/backend-plugin-api';
import { Config } from '@backstage/config';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { Docs } from './docs';
import { Gitea } from './gitea';
import { Judge } from './judge';
import { Kube } from './kube';
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
      },
      async init({ catalog, config, http, httpAuth }) {
        http.use(router(await context(config, httpAuth, catalog)));
      },
    });
  },
});

async function context(config: Config, httpAuth: HttpAuthService, catalog: Context['catalog']): Promise<Context> {
  return {
    kube: await Kube.fromConfig(config),
    gitea: Gitea.fromConfig(config),
    judge: Judge.fromConfig(config),
    docs: new Docs(config.getString('backstack.docs')),
    argoUrl: config.getString('backstack.argocd.publicUrl').replace(/\/$/, ''),
    platformUrl: config.getString('app.baseUrl'),
    httpAuth,
    catalog,
  };
}
