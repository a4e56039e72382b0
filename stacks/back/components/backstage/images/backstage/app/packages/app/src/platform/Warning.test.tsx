import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { show } from '../testing/show';
import { Warning } from './Warning';

test('the reason is in sight', async () => {
  show(<Warning title="This cannot be shown right now" message="the Git server does not answer" />, {});
  expect(await screen.findByRole('button', { name: /cannot be shown/, expanded: true })).toBeDefined();
  expect(screen.getByText('the Git server does not answer')).toBeDefined();
});
