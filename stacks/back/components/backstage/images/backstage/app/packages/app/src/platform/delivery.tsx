// Parts of what is shown about the way from Git into the cluster.
import { useState } from 'react';
import { Link } from '@backstage/core-components';
import { toError } from '@backstage/errors';
import Button from '@material-ui/core/Button';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import SyncIcon from '@material-ui/icons/Sync';
import type { Applied, Commit, Delivery, Tone, TreeNode } from '@backstack/common';
import { useCall } from './api';
import { Badge } from './parts';
import { useMaySync } from './permissions';

const HEALTH: Record<string, Tone> = { Healthy: 'good', Degraded: 'bad', Missing: 'bad', Progressing: 'warning', Suspended: 'warning' };
/** So that nobody has to see colours. */
const MARKS: Record<Tone, string> = { good: '✓', bad: '✗', warning: '…', neutral: '?' };

export function HealthBadge({ health }: { health: string }) {
  const tone = HEALTH[health] ?? 'neutral';
  return <Badge tone={tone}>{`${MARKS[tone]} ${health}`}</Badge>;
}

export function SyncBadge({ delivery: { sync, isSyncing } }: { delivery: Delivery }) {
  if (isSyncing) return <Badge tone="warning">… Syncing</Badge>;
  return <Badge tone={sync === 'Synced' ? 'good' : 'warning'}>{sync === 'Synced' ? '✓ Synced' : `! ${sync}`}</Badge>;
}

/** For whoever may; Argo CD syncs by itself, too, but may wait between its tries. */
export function SyncButton({ delivery, onDone }: { delivery: Delivery; onDone: () => void }) {
  const call = useCall();
  const maySync = useMaySync();
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  if (!maySync) return null;
  const send = async () => {
    setSending(true);
    setProblem(undefined);
    await call(`delivery/${delivery.name}/sync`, {}).catch((error: unknown) => setProblem(toError(error).message));
    setSending(false);
    onDone();
  };
  const isBusy = sending || delivery.isSyncing;
  return (
    <>
      <Button variant="outlined" size="small" startIcon={<SyncIcon />} disabled={isBusy} aria-label={`Sync ${delivery.name}`} onClick={() => void send()}>
        {isBusy ? 'Syncing…' : 'Sync'}
      </Button>
      {problem && <Typography role="alert" color="error" variant="body2">{problem}</Typography>}
    </>
  );
}

export function CommitLine({ commit: { title, author, time, url, sha } }: { commit: Commit }) {
  return (
    <>
      <Link to={url}>{sha.slice(0, 8)}</Link>
      {` ${title}, by ${author}, ${new Date(time).toLocaleString()}`}
    </>
  );
}

const useStyles = makeStyles(theme => ({
  list: { listStyle: 'none', margin: 0, padding: 0, '& ul': { listStyle: 'none', margin: 0, paddingLeft: theme.spacing(2.5), borderLeft: `1px solid ${theme.palette.divider}` } },
  node: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), padding: theme.spacing(0.5, 0), overflowWrap: 'anywhere' },
  commit: { padding: theme.spacing(0.75, 0), borderTop: `1px solid ${theme.palette.divider}`, overflowWrap: 'anywhere', '&:first-child': { borderTop: 'none' } },
}));

/** An object and what was made of it, each with how it is. */
export function Tree({ root }: { root: TreeNode }) {
  const classes = useStyles();
  return (
    <ul className={classes.list} aria-label="Resources">
      <Node node={root} />
    </ul>
  );
}

function Node({ node: { kind, name, health, message, children } }: { node: TreeNode }) {
  const classes = useStyles();
  return (
    <li data-testid={`node-${kind}`}>
      <div className={classes.node}>
        <Typography component="span" style={{ fontWeight: 600 }}>{kind}</Typography>
        <Typography component="span">{name}</Typography>
        {health && <HealthBadge health={health} />}
        {message && <Typography component="span" variant="body2" color="textSecondary">{message}</Typography>}
      </div>
      {children.length > 0 && (
        <ul>
          {children.map(each => <Node key={`${each.kind}/${each.name}`} node={each} />)}
        </ul>
      )}
    </li>
  );
}

export function History({ commits }: { commits: Applied[] }) {
  const classes = useStyles();
  if (commits.length === 0) return <Typography color="textSecondary">No commit of its file is known.</Typography>;
  return (
    <ul className={classes.list} aria-label="History">
      {commits.map(each => (
        <li key={each.sha} className={classes.commit}>
          <Typography>
            <CommitLine commit={each} />
          </Typography>
          {each.appliedAt && <Typography variant="body2" color="textSecondary">{`Applied ${new Date(each.appliedAt).toLocaleString()}`}</Typography>}
        </li>
      ))}
    </ul>
  );
}
