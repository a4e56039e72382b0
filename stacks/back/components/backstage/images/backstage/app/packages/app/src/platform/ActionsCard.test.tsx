import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { Actions } from '@backstack/common';
import { Call, composite, show } from '../testing/show';
import { ActionsCard } from './ActionsCard';

const actions: Actions = {
  path: 'demo/app/a.yaml',
  url: 'https://git.example/a.yaml',
  sha: 'abc',
  pullRequests: [],
  leaves: [{ kind: 'Deployment', name: 'a', namespace: 'demo' }, { kind: 'Service', name: 'a', namespace: 'demo' }],
  volumes: [],
  scale: { field: 'replicas', title: 'Replicas', value: 2, minimum: 1, maximum: 3 },
  canRestart: true,
};
const request = { number: 7, branch: 'portal/a', title: 'Remove App a from demo', url: 'https://git.example/pulls/7' };
const commit = (sha: string, title: string) => ({ sha, title, author: 'Ann', time: '2026-11-28T12:00:00Z', url: `https://git.example/${sha}` });

/** Shows the card; what is sent gets this answer. */
function card(changes: Partial<Actions> = {}, answer = () => Response.json(request), mayChange = true) {
  const routes = ({ route, body }: Call) => {
    if (body !== undefined) return answer();
    return Response.json(route.endsWith('/history') ? { items: [commit('c2', 'Change App a'), commit('c1', 'Add App a')] } : { ...actions, ...changes });
  };
  const onSignOut = vi.fn();
  const calls = show(<ActionsCard />, { entity: composite('a'), routes, mayChange, onSignOut });
  return { user: userEvent.setup(), sent: () => calls.filter(each => each.body !== undefined).map(each => each.body), onSignOut };
}
const press = async (name: string | RegExp) => userEvent.click(await screen.findByRole('button', { name }));

test('deleting says first what goes, and ends in a pull request', async () => {
  const { user, sent } = card();
  await press('Delete');
  expect(screen.getAllByRole('listitem').map(each => each.textContent)).toEqual(['Deployment a', 'Service a']);
  expect(screen.queryByText(/data is lost/)).toBeNull();
  await user.type(screen.getByLabelText('Why (for the reviewer)'), 'too old');
  await press('Open a pull request');
  const link = await screen.findByRole('button', { name: /Open the pull request/ });
  expect(link.getAttribute('href')).toBe(request.url);
  expect(sent()).toEqual([{ action: 'delete', sha: 'abc', note: 'too old' }]);
});

test('what has a volume loses its data, and says so', async () => {
  card({ volumes: ['a-1'] });
  await press('Delete');
  expect(screen.getByText(/data is lost/)).toBeDefined();
  expect(screen.getByText(/what is in a-1/)).toBeDefined();
});

test('scaling takes another number within the limits', async () => {
  const { user, sent } = card();
  await press('Scale');
  const send = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Open a pull request' });
  const field = screen.getByLabelText('Replicas');
  for (const wrong of ['4', '0', '2']) {
    await user.clear(field);
    await user.type(field, wrong);
    expect(send().disabled).toBe(true);
  }
  await user.clear(field);
  await user.type(field, '3');
  await user.click(send());
  expect(sent()).toEqual([{ action: 'scale', sha: 'abc', note: '', value: 3 }]);
});

test('why a number is not one\'s own to choose is said', async () => {
  card({ scale: { ...actions.scale!, hindrance: 'An autoscaler decides.' } });
  await press('Scale');
  expect(screen.getByText('An autoscaler decides.')).toBeDefined();
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Open a pull request' }).disabled).toBe(true);
});

test('rolling back offers what was before', async () => {
  const { user, sent } = card();
  await press('Roll back');
  const choice = await screen.findByRole('radio');
  expect(screen.getByText('Add App a')).toBeDefined();
  await user.click(choice);
  await press('Open a pull request');
  expect(sent()).toEqual([{ action: 'roll-back', sha: 'abc', note: '', commit: 'c1' }]);
});

test('a refusal stays in the dialog', async () => {
  card({}, () => Response.json({ error: { name: 'ConflictError', message: 'pull request 3 changes it already' } }, { status: 409 }));
  await press('Restart');
  await press('Open a pull request');
  expect(await screen.findByText('pull request 3 changes it already')).toBeDefined();
});

test('while a pull request waits, it is shown, and no other can be opened', async () => {
  card({ pullRequests: [request] });
  expect((await screen.findByRole('link', { name: /^7: Remove App a/ })).getAttribute('href')).toBe(request.url);
  for (const name of ['Scale', 'Restart', 'Roll back', 'Delete']) {
    expect(screen.getByRole<HTMLButtonElement>('button', { name }).disabled).toBe(true);
  }
});

test('what an API does not have is not offered', async () => {
  card({ scale: undefined, canRestart: false });
  await screen.findByRole('button', { name: 'Delete' });
  expect(screen.queryByRole('button', { name: 'Scale' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Restart' })).toBeNull();
});

test('a guest is asked to sign in', async () => {
  const { onSignOut } = card({}, undefined, false);
  await press('Sign in to change it');
  expect(onSignOut).toHaveBeenCalledOnce();
  expect(screen.queryByRole('button', { name: 'Delete' })).toBeNull();
});
