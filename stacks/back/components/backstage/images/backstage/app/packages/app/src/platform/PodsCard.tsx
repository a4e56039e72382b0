// The pods of a thing: how each is, and its last lines with one click.
import { useState } from 'react';
import { useEntity } from '@backstage/plugin-catalog-react';
import Button from '@material-ui/core/Button';
import FormControlLabel from '@material-ui/core/FormControlLabel';
import MenuItem from '@material-ui/core/MenuItem';
import Switch from '@material-ui/core/Switch';
import TextField from '@material-ui/core/TextField';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import type { PodLog, PodState } from '@backstack/common';
import { entityRoute, useRoute } from './api';
import { HealthBadge } from './delivery';
import { LoadedCard } from './parts';

const AGAIN_SECONDS = 10;
/** The last lines are looked for again so often while they are open. */
const LOG_SECONDS = 5;
/** The others are told by number: a Deployment of fifty would push everything else away. */
const MOST = 6;

const useStyles = makeStyles(theme => ({
  list: { listStyle: 'none', margin: 0, padding: 0 },
  pod: { padding: theme.spacing(1, 0), borderTop: `1px solid ${theme.palette.divider}`, '&:first-child': { borderTop: 'none' } },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) },
  name: { flexGrow: 1, minWidth: 140, overflowWrap: 'anywhere' },
  log: {
    margin: theme.spacing(1, 0, 0), padding: theme.spacing(1), maxHeight: 320, overflow: 'auto', fontSize: 12, borderRadius: 6,
    whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', border: `1px solid ${theme.palette.divider}`,
  },
}));

export function PodsCard() {
  const { entity } = useEntity();
  const classes = useStyles();
  const loaded = useRoute<{ items: PodState[] }>(entityRoute(entity, 'pods'), AGAIN_SECONDS);
  return (
    <LoadedCard title="Pods" loaded={loaded}>
      {({ items }) => (
        <>
          {items.length === 0 && <Typography color="textSecondary">It has no pods.</Typography>}
          <ul className={classes.list}>
            {items.slice(0, MOST).map(each => <Pod key={each.name} pod={each} />)}
          </ul>
          {items.length > MOST && <Typography variant="body2">And {items.length - MOST} more, on the tab Kubernetes.</Typography>}
        </>
      )}
    </LoadedCard>
  );
}

function Pod({ pod }: { pod: PodState }) {
  const { name, health, message, phase, ready, containers, restarts, createdAt } = pod;
  const classes = useStyles();
  const [isOpen, setOpen] = useState(false);
  const facts = [
    `${ready} of ${containers.length} containers ready`,
    restarts > 0 && (restarts === 1 ? 'restarted once' : `restarted ${restarts} times`),
    createdAt && `since ${new Date(createdAt).toLocaleString()}`,
  ];
  return (
    <li className={classes.pod} data-testid={`pod-${name}`}>
      <div className={classes.head}>
        <Typography className={classes.name}>{name}</Typography>
        <HealthBadge health={health ?? phase} />
        <Button size="small" variant="outlined" aria-expanded={isOpen} aria-label={`Logs of ${name}`} onClick={() => setOpen(!isOpen)}>
          Logs
        </Button>
      </div>
      <Typography variant="body2" color="textSecondary">{facts.filter(Boolean).join(' · ')}</Typography>
      {message && <Typography variant="body2">{message}</Typography>}
      {isOpen && <Log pod={pod} />}
    </li>
  );
}

function Log({ pod: { name, containers, restarts } }: { pod: PodState }) {
  const { entity } = useEntity();
  const classes = useStyles();
  const [container, setContainer] = useState(containers[0] ?? '');
  const [isPrevious, setPrevious] = useState(false);
  const query = new URLSearchParams({ container, ...(isPrevious ? { previous: 'true' } : {}) });
  const { value, error } = useRoute<PodLog>(entityRoute(entity, `pods/${name}/log?${query}`), LOG_SECONDS);
  return (
    <>
      <div className={classes.head}>
        {containers.length > 1 && (
          <TextField id={`container-${name}`} select size="small" label="Container" value={container} onChange={event => setContainer(event.target.value)}>
            {containers.map(each => <MenuItem key={each} value={each}>{each}</MenuItem>)}
          </TextField>
        )}
        {restarts > 0 && (
          <FormControlLabel
            control={<Switch color="primary" checked={isPrevious} onChange={event => setPrevious(event.target.checked)} />}
            label="Before its last restart"
          />
        )}
      </div>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keyboard */}
      <pre className={classes.log} tabIndex={0} role="log" aria-label={`Last lines of ${name}`} data-testid="log">
        {error ? error.message : value === undefined ? 'Reading…' : value.text || 'It has written nothing.'}
      </pre>
    </>
  );
}
