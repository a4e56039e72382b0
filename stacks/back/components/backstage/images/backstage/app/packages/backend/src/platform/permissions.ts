// The portal's own permissions.
import { createPermission } from '@backstage/plugin-permission-common';

/** To open pull requests: orders, changes, and what follows them. The front end asks for it by the same name. */
export const changePermission = createPermission({ name: 'backstack.change', attributes: { action: 'update' } });

/** To have Argo CD apply what Git says now. What that is was reviewed already. */
export const syncPermission = createPermission({ name: 'backstack.sync', attributes: { action: 'update' } });
