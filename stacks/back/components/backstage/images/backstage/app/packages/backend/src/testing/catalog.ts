// The catalog that is played: what providers make of it.
import { Entity } from '@backstage/catalog-model';
import { EntityProviderConnection, EntityProviderMutation } from '@backstage/plugin-catalog-node';

export class CatalogConnection implements EntityProviderConnection {
  readonly entities = new Map<string, Entity>();
  mutations = 0;
  /** The next mutation fails with this. */
  fault?: Error;

  applyMutation(mutation: EntityProviderMutation): Promise<void> {
    if (this.fault) return Promise.reject(this.fault);
    this.mutations += 1;
    if (mutation.type === 'full') this.entities.clear();
    const added = mutation.type === 'full' ? mutation.entities : mutation.added;
    for (const { entity } of added) this.entities.set(entity.metadata.name, entity);
    return Promise.resolve();
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  sorted(): string[] {
    return [...this.entities.keys()].sort();
  }
}
