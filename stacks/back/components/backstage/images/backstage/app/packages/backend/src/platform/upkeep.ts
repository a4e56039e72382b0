// Catalog provider: what the Kubernetes ingestor leaves undone for the entities that it brings.
import { AuthService, LoggerService, SchedulerServiceTaskRunner } from '@backstage/backend-plugin-api';
import { Entity } from '@backstage/catalog-model';
import { catalogServiceRef, EntityProvider, EntityProviderConnection } from '@backstage/plugin-catalog-node';
import { isIngested, OWNER } from './ingested';
import { Kube } from './kube';
import { referenceOf } from './resources';

/** How many times after its start the portal looks for entities whose object is gone. */
const LOOKS = 6;
/** Milliseconds for an entity that was just processed to be found in the catalog. */
const FRESH = 60_000;

export type Parts = {
  kube: Kube;
  catalog: typeof catalogServiceRef.T;
  auth: AuthService;
  runner: SchedulerServiceTaskRunner;
  logger: LoggerService;
};

/**
 * Each namespace with something in it is a system. It belongs to this provider, not to a component of the namespace: of
 * several that emit it, the catalog keeps one, and with that one's end the system would be gone.
 *
 * The ingestor keeps in memory what it brought. What was deleted while the portal was away is removed here.
 */
export class Upkeep implements EntityProvider {
  private connection?: EntityProviderConnection;
  private known = '';
  private readonly seenAt = new Map<string, number>();
  private looks = 0;

  constructor(private readonly parts: Parts) {}

  getProviderName() {
    return 'backstack-upkeep';
  }

  async connect(connection: EntityProviderConnection) {
    this.connection = connection;
    await this.parts.runner.run({ id: this.getProviderName(), fn: () => this.refresh() });
  }

  /** A component of this namespace is being processed: its system is there before the component is. */
  async seen(namespace: string) {
    const isNew = !this.seenAt.has(namespace);
    this.seenAt.set(namespace, Date.now());
    if (isNew) await this.connection?.applyMutation({ type: 'delta', added: [deferred(namespace)], removed: [] });
  }

  private async refresh() {
    try {
      const credentials = await this.parts.auth.getOwnServiceCredentials();
      const { items } = await this.parts.catalog.getEntities({ filter: { kind: 'Component' } }, { credentials });
      const ingested = items.filter(isIngested);
      await this.systems(ingested);
      if (this.looks < LOOKS) {
        await this.removeGone(ingested);
        this.looks += 1;
      }
    } catch (error) {
      this.parts.logger.warn(`systems are not renewed: ${error}`);
    }
  }

  private async systems(components: Entity[]) {
    const references = components.map(each => /^system:default\/(.+)$/.exec(String(each.spec?.system))?.[1]);
    const inUse = new Set(references.filter(each => each !== undefined));
    for (const [namespace, time] of this.seenAt) {
      if (Date.now() - time < FRESH) inUse.add(namespace);
      else if (!inUse.has(namespace)) this.seenAt.delete(namespace);
    }
    const namespaces = [...inUse].sort();
    const now = namespaces.join(' ');
    if (now === this.known) return;
    await this.connection?.applyMutation({ type: 'full', entities: namespaces.map(deferred) });
    this.known = now;
  }

  private async removeGone(components: Entity[]) {
    for (const entity of components) {
      const reference = referenceOf(entity);
      if (!reference || !(await this.parts.kube.isGone(reference))) continue;
      const credentials = await this.parts.auth.getOwnServiceCredentials();
      await this.parts.catalog.removeEntityByUid(entity.metadata.uid!, { credentials });
      this.parts.logger.info(`removed ${entity.metadata.namespace}/${entity.metadata.name}: its ${reference.kind} is gone`);
    }
  }
}

function deferred(namespace: string) {
  return { entity: systemOf(namespace), locationKey: origin(namespace) };
}

function origin(namespace: string): string {
  return `kubernetes:namespaces/${namespace}`;
}

function systemOf(namespace: string): Entity {
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'System',
    metadata: {
      name: namespace,
      title: namespace,
      description: `What runs in the namespace ${namespace}.`,
      annotations: {
        'backstage.io/managed-by-location': origin(namespace),
        'backstage.io/managed-by-origin-location': origin(namespace),
      },
    },
    spec: { owner: `group:default/${OWNER}`, type: 'namespace' },
  };
}
