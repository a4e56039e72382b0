import {
  catalogEntityCreatePermission,
  catalogEntityDeletePermission,
  catalogEntityReadPermission,
  catalogEntityRefreshPermission,
  catalogLocationCreatePermission,
  catalogLocationDeletePermission,
} from '@backstage/plugin-catalog-common/alpha';
import { Permission } from '@backstage/plugin-permission-common';
import { expect, test } from 'vitest';
import { NothingByHand } from './permissionModule';

const decide = async (permission: Permission) => (await new NothingByHand().handle({ permission })).result;

test.each([catalogEntityDeletePermission, catalogLocationDeletePermission, catalogLocationCreatePermission])(
  'nobody may do by hand: $name',
  async permission => {
    expect(await decide(permission)).toBe('DENY');
  },
);

test.each([catalogEntityReadPermission, catalogEntityRefreshPermission, catalogEntityCreatePermission])('everybody may: $name', async permission => {
  expect(await decide(permission)).toBe('ALLOW');
});
