// What Kyverno's reports say about an entity: what fails first, and why.
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@material-ui/core/Box';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import type { PolicyResult, PolicyResults, WithAway } from '@backstack/common';
import { entityRoute, useRoute } from './api';
import { Away, Badge, LoadedCard, OutcomeBadge } from './parts';

const useStyles = makeStyles(theme => ({
  row: {
    display: 'grid',
    gridTemplateColumns: '84px 1fr',
    gap: theme.spacing(1.5),
    padding: theme.spacing(1.25, 0),
    borderTop: `1px solid ${theme.palette.divider}`,
    '&:first-of-type': { borderTop: 'none' },
  },
  policy: { fontWeight: 600, wordBreak: 'break-word' },
}));

export function PolicyCard() {
  const { entity } = useEntity();
  const loaded = useRoute<WithAway<PolicyResults>>(entityRoute(entity, 'policies'), 15);
  const items = loaded.value?.items ?? [];
  const failing = items.filter(item => item.result === 'fail' || item.result === 'error').length;
  const badge = items.length > 0 && (
    <Box p={1.5}>
      <Badge tone={failing > 0 ? 'bad' : 'good'}>{failing > 0 ? `${failing} to fix` : 'All good'}</Badge>
    </Box>
  );
  return (
    <LoadedCard title="Policies" loaded={loaded} action={badge} link={{ title: 'All policies', link: '/policies' }}>
      {({ items: results, applies, away }) => (
        <>
          <Away what="Kyverno" parts={away} />
          {results.map(result => <Row key={`${result.policy}/${result.result}`} result={result} />)}
          {results.length === 0 && (
            <Typography color="textSecondary">
              {applies
                ? 'No policy has judged this yet. Reports follow within a minute of a change.'
                : 'No policy applies to this: none is about things of its kind.'}
            </Typography>
          )}
        </>
      )}
    </LoadedCard>
  );
}

function Row({ result }: { result: PolicyResult }) {
  const classes = useStyles();
  const bad = result.result !== 'pass' && result.result !== 'skip';
  return (
    <div className={classes.row} data-testid={`policy-${result.policy}`} data-result={result.result}>
      <div>
        <OutcomeBadge outcome={result.result} />
      </div>
      <div>
        <Typography className={classes.policy}>{result.policy}</Typography>
        {bad && result.message && <Typography variant="body2">{result.message}</Typography>}
        <Typography variant="caption" color="textSecondary">
          {[...new Set(result.resources)].join(', ')}
        </Typography>
      </div>
    </div>
  );
}
