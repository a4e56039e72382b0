// Catalog provider: each of several learners on one platform is a user, so that the portal lets them in under their own name.
import { Entity } from '@backstage/catalog-model';
import type { Learner } from '@backstack/common';
import { EntityProvider, EntityProviderConnection } from '@backstage/plugin-catalog-node';

const ORIGIN = 'kubernetes:learners';

export class LearnerUsers implements EntityProvider {
  private connection?: EntityProviderConnection;
  private known = '';

  /** `groupsOf` says in which groups a user is. */
  constructor(private readonly groupsOf: (user: string) => Promise<string[]>) {}

  getProviderName() {
    return 'backstack-learners';
  }

  connect(connection: EntityProviderConnection) {
    this.connection = connection;
    return Promise.resolve();
  }

  /** Makes users of those who learn beside others: whoever has the platform alone is one of its own people. */
  async refresh(learners: Learner[]) {
    const users = await Promise.all(learners.flatMap(({ name, like }) => (like ? [this.userOf(name, like)] : [])));
    const entities = users.map(entity => ({ entity, locationKey: this.getProviderName() }));
    const now = JSON.stringify(entities);
    if (!this.connection || now === this.known) return;
    await this.connection.applyMutation({ type: 'full', entities });
    this.known = now;
  }

  /** With the next look everything is brought anew: what somebody took away by hand comes back. */
  forget() {
    this.known = '';
  }

  private async userOf(name: string, like: string): Promise<Entity> {
    return {
      apiVersion: 'backstage.io/v1alpha1',
      kind: 'User',
      metadata: {
        name,
        description: 'Follows the course.',
        annotations: { 'backstage.io/managed-by-location': ORIGIN, 'backstage.io/managed-by-origin-location': ORIGIN },
      },
      spec: { profile: { displayName: name }, memberOf: await this.groupsOf(like) },
    };
  }
}
