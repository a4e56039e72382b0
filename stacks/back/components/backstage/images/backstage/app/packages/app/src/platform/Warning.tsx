// What is wrong, with the reason in sight: Backstage's own panel shows no more than its title until somebody unfolds it.
import { ComponentProps } from 'react';
import { WarningPanel } from '@backstage/core-components';

export function Warning(props: ComponentProps<typeof WarningPanel>) {
  return <WarningPanel defaultExpanded {...props} />;
}
