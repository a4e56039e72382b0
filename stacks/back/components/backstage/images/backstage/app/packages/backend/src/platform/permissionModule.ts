// Permission module: who may do what. A guest reads; whoever has signed in orders and changes, by pull requests; platform
// engineers also use the tools with which templates are written. What is in the catalog comes from the cluster and from
// the configuration: whoever takes an entity away by hand takes it from everybody, while what it stands for runs on, so
// nobody may, and the portal does not offer it.
import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { Config } from '@backstage/config';
import {
  catalogEntityCreatePermission,
  catalogEntityDeletePermission,
  catalogLocationCreatePermission,
  catalogLocationDeletePermission,
} from '@backstage/plugin-catalog-common/alpha';
import { AuthorizeResult, Permission, PolicyDecision } from '@backstage/plugin-permission-common';
import { PermissionPolicy, PolicyQuery, PolicyQueryUser } from '@backstage/plugin-permission-node';
import { policyExtensionPoint } from '@backstage/plugin-permission-node/alpha';
import { templateManagementPermission } from '@backstage/plugin-scaffolder-common/alpha';

const FOR_NOBODY: Permission[] = [catalogEntityDeletePermission, catalogLocationCreatePermission, catalogLocationDeletePermission];
const FOR_ENGINEERS: Permission[] = [templateManagementPermission, catalogEntityCreatePermission];
/** Reads that do not call themselves so: logs of pods come this way, with the portal's own rights, which change nothing. */
const READS = ['kubernetes.proxy'];

/** Groups and users, by reference. */
export type Roles = { readers: string[]; engineers: string[] };

export class PolicyByRole implements PermissionPolicy {
  constructor(private readonly roles: Roles) {}

  handle({ permission }: PolicyQuery, user?: Pick<PolicyQueryUser, 'info'>): Promise<PolicyDecision> {
    const isAllowed = this.allows(permission, user?.info.ownershipEntityRefs ?? []);
    return Promise.resolve({ result: isAllowed ? AuthorizeResult.ALLOW : AuthorizeResult.DENY });
  }

  private allows(permission: Permission, person: string[]): boolean {
    const isAmong = (group: Permission[]) => group.some(each => each.name === permission.name);
    if (isAmong(FOR_NOBODY)) return false;
    if (permission.attributes.action === 'read' || READS.includes(permission.name)) return true;
    if (person.length === 0 || this.roles.readers.some(each => person.includes(each))) return false;
    return !isAmong(FOR_ENGINEERS) || this.roles.engineers.some(each => person.includes(each));
  }
}

function rolesOf(config: Config): Roles {
  const roles = config.getConfig('backstack.roles');
  return { readers: roles.getStringArray('readers'), engineers: roles.getStringArray('engineers') };
}

export default createBackendModule({
  pluginId: 'permission',
  moduleId: 'backstack-policy',
  register(reg) {
    reg.registerInit({
      deps: { config: coreServices.rootConfig, policy: policyExtensionPoint },
      init({ config, policy }) {
        policy.setPolicy(new PolicyByRole(rolesOf(config)));
        return Promise.resolve();
      },
    });
  },
});
