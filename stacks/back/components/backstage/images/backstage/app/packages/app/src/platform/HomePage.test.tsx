import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { composite, offer, show } from '../testing/show';
import { HomePage } from './HomePage';

test('home greets who came, offers what can be ordered, and lists what was', async () => {
  const workload = { apiVersion: 'backstage.io/v1alpha1', kind: 'Component', metadata: { name: 'by-hand' } };
  show(<HomePage />, { name: 'Ann', entities: [offer('App'), composite('shop'), workload], links: [{ title: 'Gitea', url: 'https://x/gitea' }] });
  expect(await screen.findByText('Hello Ann')).toBeDefined();
  expect((await screen.findByRole('link', { name: 'App' })).getAttribute('href')).toBe('/create/templates/default/apps.example.org-v1');
  expect((await screen.findByRole('link', { name: 'shop' })).getAttribute('href')).toBe('/catalog/demo/component/shop');
  expect(screen.getByText('App in demo')).toBeDefined();
  expect(screen.getByRole('link', { name: /^Gitea/ }).getAttribute('href')).toBe('https://x/gitea');
  // What nobody ordered is in the catalog, not here.
  expect(screen.queryByText('by-hand')).toBeNull();
  expect(screen.queryByText('Needs attention')).toBeNull();
});

test('a guest has no name; what needs attention comes with its reason', async () => {
  const items = [{ title: 'Application demo is Degraded', reason: 'no pods', url: 'https://argo/demo' }];
  const calls = show(<HomePage />, { routes: ({ route }) => Response.json(route === 'attention' ? { items } : { mine: [], waiting: [] }) });
  expect(await screen.findByText('Welcome to your platform')).toBeDefined();
  const link = await screen.findByRole('link', { name: /Application demo is Degraded/ });
  expect(link.getAttribute('href')).toBe('https://argo/demo');
  expect(screen.getByText('no pods')).toBeDefined();
  expect(screen.getByText(/^Nothing has been ordered yet/)).toBeDefined();
  expect(calls.map(each => each.route).sort()).toEqual(['attention', 'orders', 'pages']);
});
