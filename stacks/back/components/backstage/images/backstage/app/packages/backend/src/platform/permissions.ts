// The portal's own permissions.
import { createPermission } from '@backstage/plugin-permission-common';

/** To open pull requests: orders, changes, and what follows them. The front end asks for it by the same name. */
export const changePermission = createPermission({ name: 'backstack.change', attributes: { action: 'update' } });
