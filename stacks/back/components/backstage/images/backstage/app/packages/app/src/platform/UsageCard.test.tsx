import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { composite, show } from '../testing/show';
import { AddressesCard } from './AddressesCard';
import { Addresses } from './api';

const card = (addresses: Addresses) => show(<AddressesCard />, { entity: composite('a'), routes: () => Response.json(addresses) });
const targets = () => screen.queryAllByRole('link').map(each => each.getAttribute('href'));

test('what people can look at is opened with one click, and its address is read', async () => {
  const calls = card({ open: ['https://a.localhost:8443', 'https://a.localhost:8443/api'], inside: ['a.demo.svc:80'] });
  expect((await screen.findByRole('button', { name: /^Open/ })).getAttribute('href')).toBe('https://a.localhost:8443');
  expect(targets()).toEqual(['https://a.localhost:8443', 'https://a.localhost:8443/api']);
  expect(screen.getByText('a.demo.svc:80')).toBeDefined();
  expect(calls.map(each => each.route)).toEqual(['entity/component/demo/a/addresses']);
});

test('what only programs can reach has nothing to open', async () => {
  card({ open: [], inside: ['a.demo.svc:80'] });
  expect(await screen.findByText('a.demo.svc:80')).toBeDefined();
  expect(screen.queryByRole('button')).toBeNull();
});

test('what has no address says so', async () => {
  card({ open: [], inside: [] });
  expect(await screen.findByText('It has no address of its own.')).toBeDefined();
});
