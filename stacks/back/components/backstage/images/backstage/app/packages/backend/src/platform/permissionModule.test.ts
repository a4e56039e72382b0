import {
  catalogEntityCreatePermission,
  catalogEntityDeletePermission,
  catalogEntityReadPermission,
  catalogEntityRefreshPermission,
  catalogLocationCreatePermission,
  catalogLocationDeletePermission,
} from '@backstage/plugin-catalog-common/alpha';
import { createPermission, Permission } from '@backstage/plugin-permission-common';
import { PolicyQueryUser } from '@backstage/plugin-permission-node';
import { actionExecutePermission, taskCreatePermission, taskReadPermission, templateManagementPermission } from '@backstage/plugin-scaffolder-common/alpha';
import { expect, test } from 'vitest';
import { PolicyByRole } from './permissionModule';
import { changePermission, syncPermission } from './permissions';

const GUEST = ['user:default/guest', 'group:default/guests'];
const DEVELOPER = ['user:default/ann', 'group:default/developers'];
const ENGINEER = ['user:default/eve', 'group:default/platform-engineers'];
const policy = new PolicyByRole({ readers: ['group:default/guests'], engineers: ['group:default/platform-engineers'] });
const may = async (permission: Permission, person?: string[]) => {
  const user = person && ({ info: { userEntityRef: person[0], ownershipEntityRefs: person } } as unknown as PolicyQueryUser);
  return (await policy.handle({ permission }, user)).result === 'ALLOW';
};
/** Who may: nobody known, a guest, a developer, a platform engineer. */
const who = (permission: Permission) => Promise.all([undefined, GUEST, DEVELOPER, ENGINEER].map(person => may(permission, person)));

test.each([catalogEntityDeletePermission, catalogLocationDeletePermission, catalogLocationCreatePermission])(
  'nobody may do by hand: $name',
  async permission => expect(await who(permission)).toEqual([false, false, false, false]),
);

const proxy = createPermission({ name: 'kubernetes.proxy', attributes: {} });
test.each([catalogEntityReadPermission, taskReadPermission, proxy])('everybody may look: $name', async permission =>
  expect(await who(permission)).toEqual([true, true, true, true]),
);

test.each([changePermission, syncPermission, taskCreatePermission, actionExecutePermission, catalogEntityRefreshPermission])(
  'whoever has signed in may: $name',
  async permission => expect(await who(permission)).toEqual([false, false, true, true]),
);

test.each([templateManagementPermission, catalogEntityCreatePermission])('platform engineers may: $name', async permission =>
  expect(await who(permission)).toEqual([false, false, false, true]),
);

test('who is a guest as well as something else is a guest', async () => {
  expect(await may(changePermission, [...DEVELOPER, ...GUEST])).toBe(false);
});
