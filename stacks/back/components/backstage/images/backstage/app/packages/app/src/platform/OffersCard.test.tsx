import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { composite, offer, show } from '../testing/show';
import { OffersCard } from './OffersCard';

const names = () => screen.findAllByRole('button').then(all => all.map(each => each.textContent));

test('what fits is offered by title, and one of the same kind as another one', async () => {
  const entities = [offer('Queue'), offer('App'), offer('Old', { 'backstack.dev/deprecated': 'Use App.' }), offer('Zone', { 'backstack.dev/scope': 'Cluster' })];
  show(<OffersCard />, { entity: composite('a', 'App'), entities });
  expect(await names()).toEqual(['Another App', 'Queue']);
  const form = screen.getByRole('button', { name: 'Queue' }).getAttribute('href') ?? '';
  expect(decodeURIComponent(form)).toBe('/create/templates/default/queues.example.org-v1?formData={"namespace":"demo"}');
  expect(screen.getByText('Add to demo')).toBeDefined();
});

test('where nothing can be ordered, that is said', async () => {
  show(<OffersCard />, { entity: composite('a') });
  expect(await screen.findByText(/^Nothing can be ordered here yet/)).toBeDefined();
});

test('a guest is asked to sign in, and offered nothing', async () => {
  show(<OffersCard />, { entity: composite('a', 'App'), entities: [offer('App')], mayChange: false });
  expect(await names()).toEqual(['Sign in to order']);
});
