import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { States } from '@backstack/common';
import { offer, Routes, show } from '../testing/show';
import { HomePage } from './HomePage';

const SHOP = { entity: 'component:demo/shop', title: 'shop', kind: 'App', namespace: 'demo' };
const answers = (states: Partial<States>): Routes => ({ route }) =>
  Response.json(route === 'states' ? { states: {}, concerns: [], ordered: [], ...states } : { mine: [], waiting: [] });

test('home greets who came, offers what can be ordered, and lists what was', async () => {
  show(<HomePage />, { name: 'Ann', entities: [offer('App')], routes: answers({ ordered: [SHOP] }), links: [{ title: 'Gitea', url: 'https://x/gitea' }] });
  expect(await screen.findByText('Hello Ann')).toBeDefined();
  expect((await screen.findByRole('link', { name: 'App' })).getAttribute('href')).toBe('/create/templates/default/apps.example.org-v1');
  expect((await screen.findByRole('link', { name: 'shop' })).getAttribute('href')).toBe('/catalog/demo/component/shop');
  expect(screen.getByText('App in demo')).toBeDefined();
  expect(screen.getByRole('link', { name: /^Gitea/ }).getAttribute('href')).toBe('https://x/gitea');
  expect(screen.queryByText('Needs attention')).toBeNull();
});

test('a guest has no name; what needs attention comes with its reason', async () => {
  const concerns = [{ title: 'Pod demo/shop-1', reason: 'no such image', next: 'Give another.', entity: 'component:demo/shop' }];
  const calls = show(<HomePage />, { routes: answers({ concerns }) });
  expect(await screen.findByText('Welcome to your platform')).toBeDefined();
  const link = await screen.findByRole('link', { name: 'Pod demo/shop-1' });
  expect(link.getAttribute('href')).toBe('/catalog/demo/component/shop');
  expect(screen.getByText('no such image')).toBeDefined();
  expect(screen.getByText('Give another.')).toBeDefined();
  expect(screen.getByText(/^Nothing has been ordered yet/)).toBeDefined();
  expect(calls.map(each => each.route).sort()).toEqual(['orders', 'pages', 'states']);
});

test('what was ordered is listed with how it is', async () => {
  show(<HomePage />, { routes: answers({ ordered: [SHOP], states: { 'component:demo/shop': { verdict: 'broken', summary: 'no such image' } } }) });
  expect(await screen.findByText('✗ Does not run')).toBeDefined();
});

test('what was ordered is listed while nobody knows how it is, and why that is so', async () => {
  show(<HomePage />, { routes: answers({ ordered: [SHOP], silent: 'the judge does not answer' }) });
  expect(await screen.findByRole('link', { name: 'shop' })).toBeDefined();
  expect(screen.getByText(/How things are is not known right now/)).toBeDefined();
  expect(screen.getByText(/the judge does not answer/)).toBeDefined();
});
