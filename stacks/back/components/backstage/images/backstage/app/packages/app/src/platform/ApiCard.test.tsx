import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { show } from '../testing/show';
import { ApiCard } from './ApiCard';

test('an API lists its fields and leads to its form', async () => {
  const fields = [
    { path: 'spec.image', type: 'string', required: true, description: 'What runs.' },
    { path: 'spec.port', type: 'integer', required: false, default: '8080' },
  ];
  const entity = { apiVersion: 'backstage.io/v1alpha1', kind: 'API', metadata: { name: 'App--v1' } };
  const calls = show(<ApiCard />, { entity, routes: () => Response.json({ kind: 'App', template: 'apps.example.org-v1', fields }) });
  const order = await screen.findByRole('button', { name: 'Order: App' });
  expect(order.getAttribute('href')).toBe('/create/templates/default/apps.example.org-v1');
  expect(screen.getAllByRole('row').map(row => [...row.children].map(cell => cell.textContent))).toEqual([
    ['Field', 'Type', 'Default', 'What it is'],
    ['spec.image', 'string', 'required', 'What runs.'],
    ['spec.port', 'integer', '8080', ''],
  ]);
  expect(calls.map(each => each.route)).toEqual(['entity/api/default/App--v1/definition']);
});

test('a guest reads the fields, and is asked to sign in', async () => {
  const entity = { apiVersion: 'backstage.io/v1alpha1', kind: 'API', metadata: { name: 'App--v1' } };
  show(<ApiCard />, { entity, routes: () => Response.json({ kind: 'App', template: 't', fields: [] }), mayChange: false });
  expect(await screen.findByRole('button', { name: 'Sign in to order' })).toBeDefined();
  expect(screen.queryByRole('button', { name: 'Order: App' })).toBeNull();
});
