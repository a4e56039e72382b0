// Catalog module: offers a template for every composite API of the cluster, and smooths what is ingested from it.
import { AuthService, coreServices, createBackendModule, LoggerService } from '@backstage/backend-plugin-api';
import { catalogProcessingExtensionPoint, catalogServiceRef, EntityProvider, EntityProviderConnection } from '@backstage/plugin-catalog-node';
import { stringifyError } from '@backstage/errors';
import { eventsServiceRef } from '@backstage/plugin-events-node';
import { Following } from './following';
import { IngestedProcessor, isIngested } from './ingested';
import { Kube } from './kube';
import { Composition, Xrd } from './objects';
import { Systems } from './systems';
import { ENVIRONMENT_LABEL, isEstablished, templatesOf } from './templates';
import { Upkeep } from './upkeep';

const EXTENSIONS = '/apis/apiextensions.crossplane.io';
const ORIGIN = 'kubernetes:compositeresourcedefinitions';

class TemplateProvider implements EntityProvider {
  private last = '';

  private connection?: EntityProviderConnection;

  constructor(private readonly kube: Kube, private readonly logger: LoggerService) {}

  getProviderName() {
    return 'backstack-templates';
  }

  async connect(connection: EntityProviderConnection) {
    this.connection = connection;
    await this.refresh();
  }

  /** Never throws: the next change, or the next regular look, makes good what this one could not. */
  async refresh() {
    if (!this.connection) return;
    try {
      const [xrds, compositions, namespaces] = await Promise.all([
        this.kube.list<Xrd>(`${EXTENSIONS}/v2/compositeresourcedefinitions`),
        this.kube.list<Composition>(`${EXTENSIONS}/v1/compositions`),
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
      await this.connection.applyMutation({
        type: 'full',
        entities: entities.map(entity => ({ entity, locationKey: this.getProviderName() })),
      });
      this.last = now;
      this.logger.info(`offering ${entities.length} templates from ${xrds.length} composite APIs`);
    } catch (error) {
      this.logger.warn(`templates are not renewed: ${stringifyError(error)}`);
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
        const kube = await Kube.fromConfig(config);
        const own = new Catalog(catalog, auth);
        const systems = new Systems();
        const templates = new TemplateProvider(kube, logger);
        processing.addProcessor(new IngestedProcessor(kube, namespace => systems.seen(namespace)));
        processing.addEntityProvider(templates, systems);
        const refresh = () => templates.refresh();
        const following = new Following({ kube, scheduler, logger, templates: refresh, look: () => upkeep.look() });
        const upkeep: Upkeep = new Upkeep({
          watches: following.watches,
          events,
          topic: config.getString('kubernetesIngestor.events.topic'),
          ingested: kind => own.ingested(kind),
          systems: components => systems.refresh(components),
          process: ref => own.process(ref),
          logger,
        });
        // Changes are told by watches; now and then everything is compared all the same.
        const seconds = config.getOptionalNumber('backstack.refreshSeconds') ?? 60;
        lifecycle.addStartupHook(async () => {
          following.start();
          await scheduler.scheduleTask({
            id: 'backstack-upkeep',
            frequency: { seconds },
            timeout: { seconds: 60 },
            scope: 'local',
            fn: async () => {
              await refresh();
              await upkeep.look();
            },
          });
        });
        lifecycle.addShutdownHook(() => following.stop());
      },
    });
  },
});
