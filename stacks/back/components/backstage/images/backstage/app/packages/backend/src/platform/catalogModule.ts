// Catalog module: offers a template for every composite API of the cluster, and smooths what is ingested from it.
import { coreServices, createBackendModule, LoggerService, SchedulerServiceTaskRunner } from '@backstage/backend-plugin-api';
import { catalogProcessingExtensionPoint, catalogServiceRef, EntityProvider, EntityProviderConnection } from '@backstage/plugin-catalog-node';
import { IngestedProcessor } from './ingested';
import { Kube } from './kube';
import { ENVIRONMENT_LABEL, isEstablished, templatesOf } from './templates';
import { Upkeep } from './upkeep';

const EXTENSIONS = '/apis/apiextensions.crossplane.io';
const ORIGIN = 'kubernetes:compositeresourcedefinitions';

class TemplateProvider implements EntityProvider {
  private last = '';

  constructor(
    private readonly kube: Kube,
    private readonly runner: SchedulerServiceTaskRunner,
    private readonly logger: LoggerService,
  ) {}

  getProviderName() {
    return 'backstack-templates';
  }

  async connect(connection: EntityProviderConnection) {
    await this.runner.run({ id: 'backstack-templates', fn: () => this.refresh(connection) });
  }

  private async refresh(connection: EntityProviderConnection) {
    try {
      const [xrds, compositions, namespaces] = await Promise.all([
        this.kube.list(`${EXTENSIONS}/v2/compositeresourcedefinitions`),
        this.kube.list(`${EXTENSIONS}/v1/compositions`),
        this.kube.list(`/api/v1/namespaces?labelSelector=${encodeURIComponent(ENVIRONMENT_LABEL)}`),
      ]);
      namespaces.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
      const entities = xrds.filter(isEstablished).flatMap(xrd => templatesOf({ xrd, compositions, namespaces }));
      for (const entity of entities) {
        entity.metadata.annotations = {
          ...entity.metadata.annotations,
          'backstage.io/managed-by-location': ORIGIN,
          'backstage.io/managed-by-origin-location': ORIGIN,
        };
      }
      const now = JSON.stringify(entities);
      if (now === this.last) return;
      await connection.applyMutation({
        type: 'full',
        entities: entities.map(entity => ({ entity, locationKey: this.getProviderName() })),
      });
      this.last = now;
      this.logger.info(`offering ${entities.length} templates from ${xrds.length} composite APIs`);
    } catch (error) {
      this.logger.warn(`templates are not renewed: ${error}`);
    }
  }
}

export default createBackendModule({
  pluginId: 'catalog',
  moduleId: 'backstack-templates',
  register(reg) {
    reg.registerInit({
      deps: {
        auth: coreServices.auth,
        catalog: catalogServiceRef,
        config: coreServices.rootConfig,
        logger: coreServices.logger,
        processing: catalogProcessingExtensionPoint,
        scheduler: coreServices.scheduler,
      },
      async init({ auth, catalog, config, logger, processing, scheduler }) {
        const seconds = config.getOptionalNumber('backstack.refreshSeconds') ?? 10;
        const runner = scheduler.createScheduledTaskRunner({
          frequency: { seconds },
          timeout: { seconds: 60 },
          scope: 'local',
        });
        const kube = await Kube.fromConfig(config);
        const upkeep = new Upkeep({ kube, catalog, auth, runner, logger });
        processing.addProcessor(new IngestedProcessor(namespace => upkeep.seen(namespace)));
        processing.addEntityProvider(new TemplateProvider(kube, runner, logger), upkeep);
      },
    });
  },
});
