import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Order, Orders } from '@backstack/common';
import { Call, show } from '../testing/show';
import { OrdersCards } from './OrdersCards';

const API = 'https://git.example/gitea/api/v1/repos/platform/demo-cluster/pulls/7';
const open: Order = {
  repository: 'platform/demo-cluster',
  number: 7,
  title: 'Add App shop to demo',
  url: 'https://git.example/pulls/7',
  api: API,
  page: '/catalog/demo/component/shop',
  person: 'user:default/ann',
  progress: { words: 'Waits for a review', tone: 'warning', open: true },
  mayApprove: true,
};
const runs: Order = { ...open, number: 6, title: 'Add App old', progress: { words: 'Runs', tone: 'good', open: false }, mayApprove: false };

function cards(orders: Partial<Orders>, answers: (call: Call) => Response | undefined = () => undefined) {
  const routes = (call: Call) => answers(call)
    ?? (call.route === 'orders' ? Response.json({ mine: [], waiting: [], rule: 'One approval is needed.', ...orders }) : Response.json({ text: '+image: a' }));
  return { user: userEvent.setup(), calls: show(<OrdersCards />, { routes }) };
}

test('orders are told in words; what runs leads to its page, what waits to its pull request', async () => {
  const { calls } = cards({ mine: [open, runs] });
  const waiting = within(await screen.findByTestId('order-demo-cluster-7'));
  expect(waiting.getByText('Waits for a review')).toBeDefined();
  expect(waiting.getByRole('link', { name: /^Add App shop/ }).getAttribute('href')).toBe(open.url);
  const done = within(screen.getByTestId('order-demo-cluster-6'));
  expect(done.getByRole('link', { name: 'Add App old' }).getAttribute('href')).toBe('/catalog/demo/component/shop');
  expect(done.queryByRole('button')).toBeNull();
  expect(screen.getByText('One approval is needed.')).toBeDefined();
  expect(screen.queryByText('Waiting for you')).toBeNull();
  expect(calls.map(each => each.route)).toEqual(['orders']);
});

test('what waits is looked at, approved and merged with the person\'s own token', async () => {
  let tries = 0;
  const { user, calls } = cards({ waiting: [open] }, ({ route }) => {
    if (route === `${API}/merge`) return new Response(null, { status: (tries += 1) === 1 ? 405 : 200 });
    return undefined;
  });
  await user.click(await screen.findByRole('button', { name: 'What it changes' }));
  expect(await screen.findByText('+ image: a')).toBeDefined();
  expect(calls.some(each => each.route === 'orders/platform/demo-cluster/7/difference')).toBe(true);
  await user.click(screen.getByRole('button', { name: 'Approve and merge' }));
  await expect.poll(() => calls.filter(each => each.route === 'orders').length).toBe(2);
  expect(calls.filter(each => each.route.startsWith(API)).map(each => each.route)).toEqual([`${API}/reviews`, `${API}/merge`, `${API}/merge`]);
  expect(calls.find(each => each.route === `${API}/reviews`)?.body).toMatchObject({ event: 'APPROVED' });
});

test('a refusal of Git is told beside the order', async () => {
  const { user } = cards({ waiting: [open] }, ({ route }) =>
    route === `${API}/reviews` ? Response.json({ message: 'not yours to approve' }, { status: 403 }) : undefined);
  await user.click(await screen.findByRole('button', { name: 'Approve and merge' }));
  expect((await screen.findByRole('alert')).textContent).toBe('Git refuses it: not yours to approve');
});

test('what cannot be merged is not offered to be', async () => {
  cards({ mine: [{ ...open, progress: { words: 'Refused by the check “files”', tone: 'bad', open: true } }] });
  await screen.findByTestId('order-demo-cluster-7');
  expect(screen.queryByRole('button', { name: 'Approve and merge' })).toBeNull();
});

test('who may not approve is offered only to look', async () => {
  cards({ waiting: [{ ...open, mayApprove: false }] });
  await screen.findByTestId('order-demo-cluster-7');
  expect(screen.getAllByRole('button').map(each => each.textContent)).toEqual(['What it changes']);
});

test('who has no orders sees nothing of them', async () => {
  const { calls } = cards({});
  await expect.poll(() => calls.length).toBe(1);
  expect(screen.queryByText('Your orders')).toBeNull();
});
