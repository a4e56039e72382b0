import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Delivery, DeliveryDetails } from '@backstack/common';
import { Call, composite, show } from '../testing/show';
import { DeliveryPage } from './DeliveryPage';
import { DeliveryTab } from './DeliveryTab';

const item: Delivery = { name: 'demo-app-a', sync: 'OutOfSync', health: 'Progressing', isSyncing: false, differing: ['App demo/a'], repository: 'backstack/demo-cluster', path: 'demo/app/a.yaml' };
const details: DeliveryDetails = {
  history: [{ sha: 'abcdef0123', title: 'Add App a', author: 'Ann', time: '2026-11-28T12:00:00Z', url: 'https://git.example/c', appliedAt: '2026-11-28T12:01:00Z' }],
  tree: { kind: 'App', name: 'a', health: 'Progressing', children: [{ kind: 'Pod', name: 'a-1', health: 'Degraded', message: 'ImagePullBackOff', children: [] }] },
  difference: [{ mark: '-', text: 'image: b' }, { mark: '+', text: 'image: a' }],
};

function tab(found: Delivery | null, told: Partial<DeliveryDetails> = {}, mayChange = true, synced = () => Response.json({})) {
  const routes = ({ route, body }: Call) => {
    if (body !== undefined) return synced();
    return Response.json(route.endsWith('/details') ? { ...details, ...told } : { item: found });
  };
  return show(<DeliveryTab />, { entity: composite('a'), routes, mayChange });
}

test('state, resources, difference and history of one thing', async () => {
  tab(item);
  const tree = within(await screen.findByRole('list', { name: 'Resources' }));
  expect(within(tree.getByTestId('node-App')).getByTestId('node-Pod').textContent).toContain('a-1✗ DegradedImagePullBackOff');
  const history = await screen.findByRole('list', { name: 'History' });
  expect(history.textContent).toMatch(/abcdef01.* Add App a, by Ann, .*Applied/);
  expect(screen.getByTestId('difference').textContent).toBe('- image: b+ image: a');
  expect(screen.getByText('! OutOfSync')).toBeDefined();
});

test('whoever may, syncs; a refusal is told', async () => {
  const calls = tab(item, {}, true, () => Response.json({ error: { name: 'ConflictError', message: 'it is being synced already' } }, { status: 409 }));
  await userEvent.click(await screen.findByRole('button', { name: 'Sync demo-app-a' }));
  expect(await screen.findByText('it is being synced already')).toBeDefined();
  expect(calls.filter(each => each.body !== undefined)).toEqual([{ route: 'delivery/demo-app-a/sync', body: {} }]);
});

test('a guest sees no button, and who syncs already cannot begin again', async () => {
  tab(item, {}, false);
  expect(await screen.findByText('Git and the cluster')).toBeDefined();
  expect(screen.queryByRole('button', { name: /^Sync/ })).toBeNull();
  tab({ ...item, isSyncing: true });
  expect((await screen.findByRole<HTMLButtonElement>('button', { name: 'Sync demo-app-a' })).disabled).toBe(true);
});

test('what is as Git says is said to be so, and so is what nobody can compare, and what came by hand', async () => {
  tab({ ...item, sync: 'Synced' }, { difference: [{ mark: ' ', text: 'image: a' }] });
  expect(await screen.findByText('The cluster has what Git says.')).toBeDefined();
  tab(item, { difference: [], hindrance: 'It is a folder.' });
  expect(await screen.findByText('It is a folder.')).toBeDefined();
  tab(null);
  expect(await screen.findByText(/^This was not brought by Argo CD/)).toBeDefined();
});

test('the page of all leads to what each one brings, and names what differs', async () => {
  show(<DeliveryPage />, { routes: () => Response.json({ items: [{ ...item, entity: 'component:demo/a' }, { ...item, name: 'platform', sync: 'Synced', health: 'Healthy', differing: [], path: '.' }] }) });
  const one = within(await screen.findByTestId('delivery-demo-app-a'));
  expect(one.getByRole('link').getAttribute('href')).toBe('/catalog/demo/component/a/delivery');
  expect(one.getByText('Not as Git says: App demo/a')).toBeDefined();
  expect(one.getByText(/backstack\/demo-cluster: demo\/app\/a.yaml/)).toBeDefined();
  expect(within(screen.getByTestId('delivery-platform')).queryByRole('link')).toBeNull();
  expect(screen.getByText('1 of 2 need attention or are on their way.')).toBeDefined();
});

test('while a part of Argo CD is away, that is said above what it last wrote', async () => {
  show(<DeliveryPage />, { routes: () => Response.json({ items: [item], away: ['argocd-repo-server'] }) });
  expect(await screen.findByText(/argocd-repo-server does not run\. What is shown is of before/)).toBeDefined();
  expect(screen.getByText('demo-app-a')).toBeDefined();
});
