import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { Usage } from '@backstack/common';
import { composite, show } from '../testing/show';
import { environmentOf, UsageCard } from './UsageCard';

const card = (usage: Partial<Usage>) =>
  show(<UsageCard />, { entity: composite('a'), routes: () => Response.json({ open: [], inside: [], images: [], ...usage }) });
const targets = () => screen.queryAllByRole('link').map(each => each.getAttribute('href'));
/** The facts that are shown, by name. */
const facts = (): Record<string, string | null | undefined> =>
  Object.fromEntries(screen.getAllByRole('term').map(each => [each.textContent ?? '', each.nextElementSibling?.textContent]));

test('what people can look at is opened with one click, and its address is read', async () => {
  const calls = card({ open: ['https://a.localhost:8443', 'https://a.localhost:8443/api'], inside: ['a.demo.svc:80'] });
  expect((await screen.findByRole('button', { name: /^Open/ })).getAttribute('href')).toBe('https://a.localhost:8443');
  expect(targets()).toEqual(['https://a.localhost:8443', 'https://a.localhost:8443/api']);
  expect(screen.getByText('a.demo.svc:80')).toBeDefined();
  expect(calls.map(each => each.route)).toEqual(['entity/component/demo/a/usage']);
});

test('what runs is told: image, version, pods', async () => {
  card({ inside: ['a.demo.svc:80'], images: ['docker.io/library/nginx:1.29.3'], pods: { ready: 1, wanted: 2 } });
  expect(await screen.findByText('1 of 2 ready')).toBeDefined();
  expect(screen.queryByRole('button')).toBeNull();
  expect(facts()).toEqual({ 'In the cluster': 'a.demo.svc:80', Image: 'docker.io/library/nginx', Version: '1.29.3', Pods: '1 of 2 ready' });
});

test('a database says how a program gets in, with lines to copy', async () => {
  card({ inside: ['db-r.demo.svc:5432', 'db-rw.demo.svc:5432'], connection: { host: 'db-rw.demo.svc', port: '5432', database: 'orders', user: 'ann', secret: 'db-app' } });
  expect(await screen.findByText(/add this to the app's order/)).toBeDefined();
  expect(facts()).toEqual({ Host: 'db-rw.demo.svc', Port: '5432', Database: 'orders', User: 'ann', Secret: 'db-app' });
});

test('the lines name the Secret and its keys, and never what is in them', () => {
  expect(environmentOf({ host: 'db-rw.demo.svc', port: '5432', secret: 'db-app' }, 'my-db')).toBe(
    [
      'env:',
      '  - {name: MY_DB_HOST, value: "db-rw.demo.svc"}',
      '  - {name: MY_DB_PORT, value: "5432"}',
      '  - {name: MY_DB_USER, valueFrom: {secretKeyRef: {name: db-app, key: username}}}',
      '  - {name: MY_DB_PASSWORD, valueFrom: {secretKeyRef: {name: db-app, key: password}}}',
    ].join('\n'),
  );
});

test('what has no address says so', async () => {
  card({});
  expect(await screen.findByText('It has no address of its own.')).toBeDefined();
});
