// The platform's rules: what breaks them first, and why there is each of them.
import { useEffect, useState } from 'react';
import { Entity } from '@backstage/catalog-model';
import { Content, Header, InfoCard, Link, Page, Progress } from '@backstage/core-components';
import { useApi } from '@backstage/frontend-plugin-api';
import { catalogApiRef } from '@backstage/plugin-catalog-react';
import Box from '@material-ui/core/Box';
import MenuItem from '@material-ui/core/MenuItem';
import TextField from '@material-ui/core/TextField';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import type { Judgement, Policy, WithAway } from '@backstack/common';
import { useRoute } from './api';
import { clusterKind, clusterNamespace, entityPath } from './entities';
import { Away, Badge, OutcomeBadge } from './parts';
import { Warning } from './Warning';

const useStyles = makeStyles(theme => ({
  policy: { marginBottom: theme.spacing(2) },
  facts: { display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), alignItems: 'center', marginBottom: theme.spacing(1) },
  row: {
    display: 'grid',
    gridTemplateColumns: '84px 1fr',
    gap: theme.spacing(1.5),
    padding: theme.spacing(1, 0),
    borderTop: `1px solid ${theme.palette.divider}`,
    overflowWrap: 'anywhere',
  },
  fold: { cursor: 'pointer', padding: theme.spacing(1, 0) },
}));

const ALL = 'all';

export function PoliciesPage() {
  const { value, error, loading } = useRoute<WithAway<{ items: Policy[] }>>('policies', 20);
  const [namespace, setNamespace] = useState(ALL);
  const pageOf = usePages();
  const namespaces = [...new Set((value?.items ?? []).flatMap(policy => policy.results.map(each => each.namespace ?? '')))].filter(Boolean).sort();
  const policies = (value?.items ?? []).map(policy => within(policy, namespace));
  return (
    <Page themeId="tool">
      <Header title="Policies" subtitle="The rules of this platform, and what breaks them." />
      <Content>
        {loading && <Progress />}
        {error && <Warning title="The policies cannot be read right now" message={error.message} />}
        <Away what="Kyverno" parts={value?.away} />
        {value?.items.length === 0 && <Typography>This platform has no policies.</Typography>}
        {namespaces.length > 1 && (
          <Box mb={2} maxWidth={320}>
            <TextField id="namespace" select fullWidth size="small" variant="outlined" label="Namespace" value={namespace} onChange={event => setNamespace(event.target.value)}>
              <MenuItem value={ALL}>All namespaces</MenuItem>
              {namespaces.map(each => (
                <MenuItem key={each} value={each}>
                  {each}
                </MenuItem>
              ))}
            </TextField>
          </Box>
        )}
        {policies.map(policy => (
          <OnePolicy key={`${policy.kind}/${policy.name}`} policy={policy} pageOf={pageOf} />
        ))}
      </Content>
    </Page>
  );
}

/** A policy with what it says of one namespace. */
function within(policy: Policy, namespace: string): Policy {
  if (namespace === ALL) return policy;
  const results = policy.results.filter(each => each.namespace === namespace);
  const passing = results.filter(each => each.result === 'pass').length;
  return { ...policy, results, passing, failing: results.filter(isBad).length };
}

function isBad({ result }: Judgement): boolean {
  return result !== 'pass' && result !== 'skip';
}

type PageOf = (judged: Judgement) => string | undefined;

/** The page of what was judged, where it is in the catalog. */
function usePages(): PageOf {
  const catalog = useApi(catalogApiRef);
  const [entities, setEntities] = useState<Entity[]>([]);
  useEffect(() => {
    // There may be thousands.
    const fields = ['apiVersion', 'kind', 'metadata.name', 'metadata.namespace', 'metadata.annotations'];
    catalog.getEntities({ filter: { kind: 'Component' }, fields }).then(({ items }) => setEntities(items), () => undefined);
  }, [catalog]);
  return ({ kind, name, namespace }) => {
    const found = entities.find(each => clusterKind(each) === kind && each.metadata.name === name && clusterNamespace(each) === namespace);
    return found && entityPath(found);
  };
}

function OnePolicy({ policy, pageOf }: { policy: Policy; pageOf: PageOf }) {
  const classes = useStyles();
  const { name, title, category, severity, description, refuses, problem, failing, passing, results } = policy;
  const bad = results.filter(isBad);
  const others = results.filter(each => !isBad(each));
  return (
    <section className={classes.policy} aria-label={title} data-testid={`policy-${name}`}>
      <InfoCard title={title} subheader={[name, category].filter(Boolean).join(' · ')}>
        <div className={classes.facts}>
          <Badge tone={problem || failing > 0 ? 'bad' : 'good'}>{summary(policy)}</Badge>
          {severity && <Badge tone="neutral">{`Severity: ${severity}`}</Badge>}
          <Badge tone="neutral">{refuses ? 'Refuses what breaks it' : 'Only reports'}</Badge>
        </div>
        {problem && <Typography color="error">It does not work: {problem}</Typography>}
        {description && <Typography paragraph>{description}</Typography>}
        {bad.map(each => (
          <Row key={keyOf(each)} judged={each} pageOf={pageOf} />
        ))}
        {others.length > 0 && (
          <details>
            <summary className={classes.fold}>{passing === others.length ? `${passing} pass` : `${passing} pass, ${others.length - passing} skipped`}</summary>
            {others.map(each => (
              <Row key={keyOf(each)} judged={each} pageOf={pageOf} />
            ))}
          </details>
        )}
      </InfoCard>
    </section>
  );
}

function summary({ problem, failing, results }: Policy): string {
  if (problem) return 'Does not work';
  if (failing > 0) return `${failing} to fix`;
  return results.length > 0 ? 'All good' : 'Nothing to judge';
}

function keyOf({ kind, namespace, name, result, message }: Judgement): string {
  return [kind, namespace, name, result, message].join('/');
}

function Row({ judged, pageOf }: { judged: Judgement; pageOf: PageOf }) {
  const classes = useStyles();
  const page = pageOf(judged);
  const words = `${judged.kind} ${judged.name}`;
  return (
    <div className={classes.row}>
      <div>
        <OutcomeBadge outcome={judged.result} />
      </div>
      <div>
        <Typography>
          {page ? <Link to={page} underline="always">{words}</Link> : words}
          {judged.namespace && ` in ${judged.namespace}`}
        </Typography>
        {isBad(judged) && judged.message && <Typography variant="body2">{judged.message}</Typography>}
      </div>
    </div>
  );
}
