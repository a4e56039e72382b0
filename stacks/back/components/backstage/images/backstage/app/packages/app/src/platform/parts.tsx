// Small parts that several cards use.
import { ReactNode } from 'react';
import { InfoCard, Progress } from '@backstage/core-components';
import Chip from '@material-ui/core/Chip';
import { makeStyles } from '@material-ui/core/styles';
import type { PolicyResult, Tone, Verdict } from '@backstack/common';
import { Loaded } from './api';
import { Warning } from './Warning';


const COLORS: Record<Tone, string> = { good: '#15803d', bad: '#c62828', warning: '#b45309', neutral: '#64748b' };

const useStyles = makeStyles({
  badge: (props: { tone: Tone }) => ({
    backgroundColor: COLORS[props.tone],
    color: '#ffffff',
    fontWeight: 600,
    margin: 0,
  }),
});

/** A word with a colour. */
export function Badge({ tone, children }: { tone: Tone; children: string }) {
  return <Chip size="small" className={useStyles({ tone }).badge} label={children} />;
}

const STATES: Record<Verdict, { tone: Tone; mark: string; word: string }> = {
  healthy: { tone: 'good', mark: '✓', word: 'Runs' },
  imperfect: { tone: 'warning', mark: '!', word: 'Runs, with a flaw' },
  starting: { tone: 'neutral', mark: '…', word: 'Starting' },
  broken: { tone: 'bad', mark: '✗', word: 'Does not run' },
  unknown: { tone: 'neutral', mark: '?', word: 'Not known' },
};

/** How something is, by colour, mark and word: no one of them has to be seen. */
export function StateBadge({ verdict }: { verdict: Verdict }) {
  return <Badge tone={STATES[verdict].tone}>{stateWord(verdict)}</Badge>;
}

export function stateWord(verdict: Verdict): string {
  const { mark, word } = STATES[verdict];
  return `${mark} ${word}`;
}

const TONES: Record<PolicyResult['result'], Tone> = { pass: 'good', fail: 'bad', warn: 'warning', error: 'bad', skip: 'neutral' };
const WORDS: Record<PolicyResult['result'], string> = { pass: 'Passes', fail: 'Fails', warn: 'Warns', error: 'Error', skip: 'Skipped' };

/** How something stands by a policy. */
export function OutcomeBadge({ outcome }: { outcome: PolicyResult['result'] }) {
  return <Badge tone={TONES[outcome]}>{WORDS[outcome]}</Badge>;
}

/** Parts of the platform that do not run: what is told on this page is of before, until they are back. */
export function Away({ what, parts = [] }: { what: string; parts?: string[] }) {
  if (parts.length === 0) return null;
  const message = `${parts.join(', ')} ${parts.length === 1 ? 'does' : 'do'} not run. What is shown is of before, and follows by itself when ${what} is back.`;
  return <Warning severity="warning" title={`${what} is not all there`} message={message} />;
}

/** A card whose content is loaded. */
export function LoadedCard<T>(props: {
  title: string;
  loaded: Loaded<T>;
  action?: ReactNode;
  link?: { title: string; link: string };
  children: (value: T) => ReactNode;
}) {
  const { title, loaded, action, link, children } = props;
  return (
    <InfoCard title={title} action={action} deepLink={link}>
      {loaded.loading && <Progress />}
      {loaded.error && <Warning title="This cannot be shown right now" message={loaded.error.message} />}
      {loaded.value !== undefined && children(loaded.value)}
    </InfoCard>
  );
}
