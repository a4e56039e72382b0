import { ConfigReader } from '@backstage/core-app-api';
import { expect, test } from 'vitest';
import { platformLinks } from './links';

test('links come from the configuration; without a description they have none', () => {
  const links = [{ title: 'Gitea', url: 'https://x/gitea', description: 'Git' }, { title: 'Argo CD', url: 'https://x/argocd' }];
  expect(platformLinks(new ConfigReader({ backstack: { links } }))).toEqual([links[0], { ...links[1], description: '' }]);
  expect(platformLinks(new ConfigReader({}))).toEqual([]);
});
