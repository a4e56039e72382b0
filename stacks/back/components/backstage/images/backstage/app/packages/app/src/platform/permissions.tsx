// Who may change things: the back end decides, and the pages do not offer what it would refuse.
import { identityApiRef, useApi } from '@backstage/frontend-plugin-api';
import { AuthorizeResult, BasicPermission, createPermission } from '@backstage/plugin-permission-common';
import { permissionApiRef } from '@backstage/plugin-permission-react';
import Button from '@material-ui/core/Button';
import Typography from '@material-ui/core/Typography';
import { useEffect, useState } from 'react';

/** To open pull requests. The back end registers it under the same name. */
export const changePermission = createPermission({ name: 'backstack.change', attributes: { action: 'update' } });

/** To have Argo CD apply what Git says. */
const syncPermission = createPermission({ name: 'backstack.sync', attributes: { action: 'update' } });

export function useMayChange(): boolean | undefined {
  return useMay(changePermission);
}

export function useMaySync(): boolean | undefined {
  return useMay(syncPermission);
}

/** `undefined` until it is known. */
function useMay(permission: BasicPermission): boolean | undefined {
  const permissions = useApi(permissionApiRef);
  const [mayChange, setMayChange] = useState<boolean>();
  useEffect(() => {
    let gone = false;
    permissions.authorize({ permission }).then(
      ({ result }) => !gone && setMayChange(result === AuthorizeResult.ALLOW),
      // The back end checks again: who cannot be asked about may try.
      () => !gone && setMayChange(true),
    );
    return () => {
      gone = true;
    };
  }, [permissions, permission]);
  return mayChange;
}

/** Where a guest would find buttons: why there are none, and the way to get them. */
export function SignInTo({ what }: { what: string }) {
  const identity = useApi(identityApiRef);
  return (
    <>
      <Typography color="textSecondary" paragraph>
        A guest only looks.
      </Typography>
      <Button variant="outlined" color="primary" onClick={() => void identity.signOut()}>
        {`Sign in to ${what}`}
      </Button>
    </>
  );
}
