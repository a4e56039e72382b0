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
  const concerns = [{ title: 'Pod demo/shop-1', reason: 'no such image', next: 'Give another.', entity: 'component:demo/shop' }];
  const calls = show(<HomePage />, { routes: ({ route }) => Response.json(route === 'states' ? { states: {}, concerns } : { mine: [], waiting: [] }) });
  expect(await screen.findByText('Welcome to your platform')).toBeDefined();
  const link = await screen.findByRole('link', { name: 'Pod demo/shop-1' });
  expect(link.getAttribute('href')).toBe('/catalog/demo/component/shop');
  expect(screen.getByText('no such image')).toBeDefined();
  expect(screen.getByText('Give another.')).toBeDefined();
  expect(screen.getByText(/^Nothing has been ordered yet/)).toBeDefined();
  expect(calls.map(each => each.route).sort()).toEqual(['orders', 'pages', 'states']);
});

test('what was ordered is listed with how it is', async () => {
  const states = { 'component:demo/shop': { verdict: 'broken', summary: 'no such image' } };
  show(<HomePage />, { entities: [composite('shop')], routes: ({ route }) => Response.json(route === 'states' ? { states, concerns: [] } : { mine: [], waiting: [] }) });
  expect(await screen.findByText('✗ Does not run')).toBeDefined();
});
