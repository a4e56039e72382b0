// Catalog module: offers a template for every composite API of the cluster, and smooths what is ingested from it.
import { AuthService, coreServices, createBackendModule, LoggerService, SchedulerServiceTaskRunner } from '@backstage/backend-plugin-api';
import { catalogProcessingExtensionPoint, catalogServiceRef, EntityProvider, EntityProviderConnection } from '@backstage/plugin-catalog-node';
import { eventsServiceRef } from '@backstage/plugin-events-node';
import { IngestedProcessor, isIngested } from './ingested';
import { Kube } from './kube';
import { Systems } from './systems';
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

/** The catalog as this backend sees it, on nobody's behalf. */
class Catalog {
  constructor(private readonly catalog: typeof catalogServiceRef.T, private readonly auth: AuthService) {}

  async ingested(kind: string) {
    const credentials = await this.auth.getOwnServiceCredentials();
    const { items } = await this.catalog.getEntities({ filter: { kind } }, { credentials });
    return items.filter(isIngested);
  }

  async process(entityRef: string) {
    await this.catalog.refreshEntity(entityRef, { credentials: await this.auth.getOwnServiceCredentials() });
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
        events: eventsServiceRef,
        lifecycle: coreServices.lifecycle,
        logger: coreServices.logger,
        processing: catalogProcessingExtensionPoint,
        scheduler: coreServices.scheduler,
      },
      async init({ auth, catalog, config, events, lifecycle, logger, processing, scheduler }) {
        const seconds = config.getOptionalNumber('backstack.refreshSeconds') ?? 10;
        const runner = scheduler.createScheduledTaskRunner({
          frequency: { seconds },
          timeout: { seconds: 60 },
          scope: 'local',
        });
        const kube = await Kube.fromConfig(config);
        const own = new Catalog(catalog, auth);
        const ingested = (kind: string) => own.ingested(kind);
        const systems = new Systems({ components: () => ingested('Component'), runner, logger });
        processing.addProcessor(new IngestedProcessor(kube, namespace => systems.seen(namespace)));
        processing.addEntityProvider(new TemplateProvider(kube, runner, logger), systems);
        const topic = config.getString('kubernetesIngestor.events.topic');
        const upkeep = new Upkeep({ kube, events, topic, ingested, process: ref => own.process(ref), logger });
        lifecycle.addStartupHook(() => runner.run({ id: 'backstack-upkeep', fn: () => upkeep.look() }));
      },
    });
  },
});
