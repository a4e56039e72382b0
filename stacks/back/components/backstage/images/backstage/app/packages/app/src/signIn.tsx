// Sign-in: as a guest, or with an account of the platform's Git server.
import { OAuth2 } from '@backstage/core-app-api';
import { SignInPage } from '@backstage/core-components';
import { ApiBlueprint, configApiRef, discoveryApiRef, oauthRequestApiRef } from '@backstage/frontend-plugin-api';
import { SignInPageBlueprint } from '@backstage/plugin-app-react';
import LockIcon from '@material-ui/icons/LockOpen';
import { giteaAuthRef } from './platform/giteaAuth';

export const giteaAuth = ApiBlueprint.make({
  name: 'gitea-auth',
  params: define =>
    define({
      api: giteaAuthRef,
      deps: { configApi: configApiRef, discoveryApi: discoveryApiRef, oauthRequestApi: oauthRequestApiRef },
      factory: deps =>
        OAuth2.create({
          ...deps,
          provider: { id: 'oauth2', title: 'Gitea', icon: () => <LockIcon /> },
          environment: deps.configApi.getOptionalString('auth.environment'),
          defaultScopes: ['openid', 'profile', 'email'],
        }),
    }),
});

const gitea = {
  id: 'oauth2',
  title: 'Gitea account',
  message: 'For developer and platform-engineer. The command “backstack credentials” shows their passwords.',
  apiRef: giteaAuthRef,
};

export const signIn = SignInPageBlueprint.make({
  params: {
    loader: () =>
      Promise.resolve(props => (
        <SignInPage {...props} title="Welcome. How would you like to come in?" align="center" providers={['guest', gitea]} />
      )),
  },
});
