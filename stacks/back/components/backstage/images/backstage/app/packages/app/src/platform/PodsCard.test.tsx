import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { PodState } from '@backstack/common';
import { Call, composite, show } from '../testing/show';
import { PodsCard } from './PodsCard';

const pod: PodState = { name: 'a-1', health: 'Degraded', message: 'CrashLoopBackOff', phase: 'Running', ready: 0, containers: ['main', 'side'], restarts: 3 };
function card(items: PodState[], log = () => Response.json({ text: 'a line' })) {
  return show(<PodsCard />, { entity: composite('a'), routes: ({ route }: Call) => (route.includes('/log?') ? log() : Response.json({ items })) });
}

test('each pod says how it is, and its last lines are one click away', async () => {
  const calls = card([pod, { ...pod, name: 'a-2', health: 'Healthy', message: undefined, restarts: 0 }]);
  const one = within(await screen.findByTestId('pod-a-1'));
  for (const text of ['✗ Degraded', 'CrashLoopBackOff', /restarted 3 times/]) expect(one.getByText(text)).toBeDefined();
  await userEvent.click(one.getByRole('button', { name: 'Logs of a-1' }));
  expect((await one.findByText('a line')).getAttribute('aria-label')).toBe('Last lines of a-1');
  await userEvent.click(one.getByLabelText('Before its last restart'));
  await expect.poll(() => calls.map(each => each.route)).toContain('entity/component/demo/a/pods/a-1/log?container=main&previous=true');
  expect(within(screen.getByTestId('pod-a-2')).queryByText(/restarted/)).toBeNull();
});

test('why there are no lines is told in their place', async () => {
  card([pod], () => Response.json({ error: { name: 'NotFoundError', message: 'container is waiting to start' } }, { status: 404 }));
  await userEvent.click(await screen.findByRole('button', { name: 'Logs of a-1' }));
  expect(await screen.findByText('container is waiting to start')).toBeDefined();
});

test('what has no pods says so', async () => {
  card([]);
  expect(await screen.findByText('It has no pods.')).toBeDefined();
});
