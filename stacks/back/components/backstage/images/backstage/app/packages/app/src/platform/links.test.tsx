import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { show } from '../testing/show';
import { usePlatformLinks } from './links';

const links = [{ title: 'Git', url: 'https://x/git' }, { title: 'Argo CD', url: 'https://x/argocd', needs: 'argocd' }];

function Links() {
  return <p>{usePlatformLinks().map(each => `${each.title} ${each.url}`).join(', ')}</p>;
}

test('what has pages is led to', async () => {
  show(<Links />, { links, routes: () => Response.json({ argocd: true }) });
  expect(await screen.findByText('Git https://x/git, Argo CD https://x/argocd')).toBeDefined();
});

test('what has none is not, nor while nobody knows', async () => {
  const calls = show(<Links />, { links, routes: () => Response.json({ argocd: false }) });
  expect(screen.getByText('Git https://x/git')).toBeDefined();
  await expect.poll(() => calls.map(each => each.route)).toEqual(['pages']);
  expect(await screen.findByText('Git https://x/git')).toBeDefined();
});
