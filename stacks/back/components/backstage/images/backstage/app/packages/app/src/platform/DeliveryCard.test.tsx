import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { Delivery } from '@backstack/common';
import { composite, show } from '../testing/show';
import { DeliveryCard } from './DeliveryCard';

const healthy: Delivery = { name: 'demo', sync: 'Synced', health: 'Healthy', isSyncing: false, differing: [], url: 'https://argo.example/demo' };
const card = (item: Delivery | null) => show(<DeliveryCard />, { entity: composite('a'), routes: () => Response.json({ item }) });

test('what Argo CD delivers leads to it, and says from which file and from whose commit', async () => {
  const commit = { sha: '0123456789abcdef', title: 'Add App a', author: 'Ann', time: '2026-11-28T12:00:00Z', url: 'https://git.example/c' };
  card({ ...healthy, path: 'demo/*.yaml', commit });
  expect((await screen.findByRole('link', { name: /^demo/ })).getAttribute('href')).toBe('https://argo.example/demo');
  expect(screen.getByText('demo/*.yaml')).toBeDefined();
  expect(screen.getByRole('link', { name: /^01234567/ }).getAttribute('href')).toBe('https://git.example/c');
  expect(screen.getByText(/Add App a, by Ann/)).toBeDefined();
  expect(screen.getByText('✓ Healthy')).toBeDefined();
  expect(screen.queryByRole('alert')).toBeNull();
});

test('where Argo CD has no pages, nothing leads there', async () => {
  card({ ...healthy, url: undefined });
  expect(await screen.findByText('demo')).toBeDefined();
  const links = screen.getAllByRole('link').map(each => each.getAttribute('href'));
  expect(links).toEqual(['/catalog/demo/component/a/delivery']);
});

test('why it is not healthy is on the card', async () => {
  card({ ...healthy, health: 'Degraded', message: 'no pods' });
  expect(await screen.findByText(/no pods/)).toBeDefined();
});

test('what Argo CD did not bring is not called broken', async () => {
  card(null);
  expect(await screen.findByText(/^This was not brought by Argo CD/)).toBeDefined();
});
