// Catalog module: offers a template for every composite API of the cluster, and smooths what is ingested from it.
import { AuthService, coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { stringifyError } from '@backstage/errors';
import { catalogProcessingExtensionPoint, catalogServiceRef } from '@backstage/plugin-catalog-node';
import { eventsServiceRef } from '@backstage/plugin-events-node';
import { Facts } from './facts';
import { Following } from './following';
import { IngestedProcessor, isIngested } from './ingested';
import { Kube } from './kube';
import { Learners } from './learners';
import { LearnerUsers } from './learnerUsers';
import { Systems } from './systems';
import { TemplateProvider } from './templateProvider';
import { Upkeep } from './upkeep';
import { Versions } from './versions';

/** Where other parts of the portal hear that something in the cluster has changed. */
export const CHANGES = 'backstack.changes';

/** The catalog as this backend sees it, on nobody's behalf. */
class Catalog {
  constructor(private readonly catalog: typeof catalogServiceRef.T, private readonly auth: AuthService) {}

  async ingested(kind: string) {
    const credentials = await this.auth.getOwnServiceCredentials();
    // Of components, what is compared: there may be thousands. What an API is, its whole definition says.
    const fields = kind === 'API' ? undefined : ['apiVersion', 'kind', 'metadata.name', 'metadata.namespace', 'metadata.annotations', 'spec.system'];
    const { items } = await this.catalog.getEntities({ filter: { kind }, fields }, { credentials });
    return items.filter(isIngested);
  }

  async groupsOf(user: string): Promise<string[]> {
    const found = await this.catalog.getEntityByRef(`user:default/${user}`, { credentials: await this.auth.getOwnServiceCredentials() });
    const groups = found?.spec?.memberOf;
    return Array.isArray(groups) ? groups.filter(each => typeof each === 'string') : [];
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
        const facts = new Facts(kube, reference => following.watches.find(reference));
        const systems = new Systems(namespace => facts.ownerOfNamespace(namespace));
        const versions = new Versions();
        const templates = new TemplateProvider(kube, logger);
        processing.addProcessor(new IngestedProcessor(kube, facts, namespace => systems.seen(namespace), versions));
        const users = new LearnerUsers(user => own.groupsOf(user));
        processing.addEntityProvider(templates, systems, users);
        const known = () => users.refresh(learners.all()).catch(error => logger.warn(`the learners are no users yet: ${stringifyError(error)}`));
        const learners: Learners = new Learners(kube, () => void known(), logger);
        const refresh = () => templates.refresh();
        const following: Following = new Following({
          kube, scheduler, logger, versions, templates: refresh, look: () => upkeep.look(),
          tell: kind => void events.publish({ topic: CHANGES, eventPayload: { kind } }),
        });
        const upkeep: Upkeep = new Upkeep({
          watches: following.watches,
          versions,
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
              templates.forget();
              systems.forget();
              users.forget();
              await refresh();
              await known();
              await upkeep.look();
            },
          });
        });
        lifecycle.addShutdownHook(() => {
          following.stop();
          learners.stop();
        });
      },
    });
  },
});
