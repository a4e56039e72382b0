// Catalog provider: each namespace with something in it is a system.
import { Entity } from '@backstage/catalog-model';
import { EntityProvider, EntityProviderConnection } from '@backstage/plugin-catalog-node';

/** Milliseconds for an entity that was just processed to be found in the catalog. */
const FRESH = 30_000;

/**
 * A system belongs to this provider, not to a component of the namespace: of several that emit it, the catalog keeps
 * one, and with that one's end the system would be gone.
 */
export class Systems implements EntityProvider {
  private connection?: EntityProviderConnection;
  private known = '';
  private readonly seenAt = new Map<string, number>();

  /** `ownerOf` says whose a namespace is. */
  constructor(private readonly ownerOf: (namespace: string) => string) {}

  getProviderName() {
    return 'backstack-systems';
  }

  connect(connection: EntityProviderConnection) {
    this.connection = connection;
    return Promise.resolve();
  }

  /** A component of this namespace is being processed: its system is there before the component is. */
  async seen(namespace: string) {
    const isNew = !this.seenAt.has(namespace);
    this.seenAt.set(namespace, Date.now());
    if (isNew) await this.connection?.applyMutation({ type: 'delta', added: [this.deferred(namespace)], removed: [] });
  }

  /**
   * Makes the systems of these components of the cluster, and takes away those that have none any more. Says after how
   * many milliseconds one may have to go that is kept until its first component can be found, if there is one.
   */
  async refresh(components: Entity[]): Promise<number | undefined> {
    const inUse = namespacesOf(components);
    const awaited = this.awaited(inUse);
    const systems = [...inUse, ...awaited.keys()].sort().map(each => this.deferred(each));
    const now = JSON.stringify(systems);
    if (this.connection && now !== this.known) {
      await this.connection.applyMutation({ type: 'full', entities: systems });
      this.known = now;
    }
    return awaited.size > 0 ? Math.min(...awaited.values()) : undefined;
  }

  /** With the next look everything is brought anew: what somebody took away by hand comes back. */
  forget() {
    this.known = '';
  }

  private deferred(namespace: string) {
    return { entity: systemOf(namespace, this.ownerOf(namespace)), locationKey: origin(namespace) };
  }

  /** Namespaces whose first component was processed just now and is not found yet: how long each is waited for. */
  private awaited(inUse: Set<string>): Map<string, number> {
    const awaited = new Map<string, number>();
    for (const [namespace, time] of this.seenAt) {
      const left = time + FRESH - Date.now();
      if (inUse.has(namespace)) continue;
      if (left > 0) awaited.set(namespace, left);
      else this.seenAt.delete(namespace);
    }
    return awaited;
  }
}

function namespacesOf(components: Entity[]): Set<string> {
  const names = components.map(each => systemName(each));
  return new Set(names.filter(each => each !== undefined));
}

/** The system that a component belongs to, if it is one of ours. */
function systemName({ spec }: Entity): string | undefined {
  return typeof spec?.system === 'string' ? /^system:default\/(.+)$/.exec(spec.system)?.[1] : undefined;
}

function origin(namespace: string): string {
  return `kubernetes:namespaces/${namespace}`;
}

function systemOf(namespace: string, owner: string): Entity {
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
    spec: { owner, type: 'namespace' },
  };
}
