// Permission module: what is in the catalog comes from the cluster and from the configuration. Who takes an entity away by
// hand takes it from everybody, while what it stands for runs on: nobody may, and the portal does not offer it.
import { createBackendModule } from '@backstage/backend-plugin-api';
import {
  catalogEntityDeletePermission,
  catalogLocationCreatePermission,
  catalogLocationDeletePermission,
} from '@backstage/plugin-catalog-common/alpha';
import { AuthorizeResult, Permission, PolicyDecision } from '@backstage/plugin-permission-common';
import { PermissionPolicy, PolicyQuery } from '@backstage/plugin-permission-node';
import { policyExtensionPoint } from '@backstage/plugin-permission-node/alpha';

const BY_HAND: Permission[] = [catalogEntityDeletePermission, catalogLocationCreatePermission, catalogLocationDeletePermission];

export class NothingByHand implements PermissionPolicy {
  handle({ permission }: PolicyQuery): Promise<PolicyDecision> {
    const isByHand = BY_HAND.some(each => each.name === permission.name);
    return Promise.resolve({ result: isByHand ? AuthorizeResult.DENY : AuthorizeResult.ALLOW });
  }
}

export default createBackendModule({
  pluginId: 'permission',
  moduleId: 'backstack-policy',
  register(reg) {
    reg.registerInit({
      deps: { policy: policyExtensionPoint },
      init({ policy }) {
        policy.setPolicy(new NothingByHand());
        return Promise.resolve();
      },
    });
  },
});
