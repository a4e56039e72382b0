// How a thing is, in words: whether it runs, and if not, why and what to do. The words are those of `diagnose`.
import { LinkButton } from '@backstage/core-components';
import { Entity } from '@backstage/catalog-model';
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@material-ui/core/Box';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import EditIcon from '@material-ui/icons/Edit';
import type { Cause, Diagnosis } from '@backstack/common';
import { entityRoute, useRoute } from './api';
import { clusterKind, clusterNamespace, hasManifest } from './entities';
import { LoadedCard, StateBadge } from './parts';

const AGAIN_SECONDS = 8;
/** The others are told by number: who has mended these looks again. */
const MOST_CAUSES = 3;

const useStyles = makeStyles(theme => ({
  cause: {
    padding: theme.spacing(1.25, 0),
    borderTop: `1px solid ${theme.palette.divider}`,
    '&:first-of-type': { borderTop: 'none', paddingTop: 0 },
  },
  what: { fontWeight: 600, overflowWrap: 'anywhere' },
  evidence: { overflowWrap: 'anywhere' },
}));

export function StatusCard() {
  const { entity } = useEntity();
  const loaded = useRoute<Diagnosis>(entityRoute(entity, 'diagnosis'), AGAIN_SECONDS);
  const badge = loaded.value && (
    <Box p={1.5} data-testid="status" data-verdict={loaded.value.verdict}>
      <StateBadge verdict={loaded.value.verdict} />
    </Box>
  );
  return (
    <LoadedCard title="Status" loaded={loaded} action={badge}>
      {diagnosis => <Verdict diagnosis={diagnosis} entity={entity} />}
    </LoadedCard>
  );
}

function Verdict({ diagnosis, entity }: { diagnosis: Diagnosis; entity: Entity }) {
  const { causes, past = [] } = diagnosis;
  const more = causes.length - MOST_CAUSES;
  return (
    <>
      {causes.length === 0 && <Typography>{diagnosis.verdict === 'healthy' ? 'It runs, and nothing is wrong.' : 'Nothing wrong was seen.'}</Typography>}
      {causes.slice(0, MOST_CAUSES).map(cause => (
        <Why key={`${cause.object.kind}/${cause.object.name}/${cause.summary}`} cause={cause} entity={entity} />
      ))}
      {more > 0 && <Typography variant="body2">And {more} more.</Typography>}
      {causes.length === 0 && past.slice(0, 1).map(each => (
        <Typography key={each} variant="body2" color="textSecondary">Before: {each}</Typography>
      ))}
    </>
  );
}

function Why({ cause, entity }: { cause: Cause; entity: Entity }) {
  const classes = useStyles();
  const { kind, name } = cause.object;
  const isItself = kind === clusterKind(entity) && name === entity.metadata.name;
  // What only says the same again tells nobody anything.
  const evidence = cause.evidence.find(each => !cause.summary.includes(each.text));
  return (
    <div className={classes.cause}>
      <Typography className={classes.what}>
        {isItself ? '' : `${kind} ${name}: `}
        {cause.summary}
      </Typography>
      {evidence && (
        <Typography variant="body2" color="textSecondary" className={classes.evidence}>
          {evidence.source}: {evidence.text}
        </Typography>
      )}
      <Typography variant="body2" className={classes.evidence}>{cause.next}</Typography>
      <Mend cause={cause} entity={entity} />
    </div>
  );
}

/** To the field, if it is one of this entity's own. */
function Mend({ cause, entity }: { cause: Cause; entity: Entity }) {
  const namespace = clusterNamespace(entity);
  const own = `${clusterKind(entity)}:${namespace ? `${namespace}/` : ''}${entity.metadata.name}`;
  const field = cause.change?.object === own ? cause.change.field : undefined;
  if (!field || !hasManifest(entity)) return null;
  const page = `/catalog/${entity.metadata.namespace ?? 'default'}/${entity.kind.toLowerCase()}/${entity.metadata.name}/change`;
  return (
    <Box mt={1}>
      <LinkButton to={`${page}?field=${encodeURIComponent(field)}`} variant="contained" color="primary" size="small" startIcon={<EditIcon />}>
        Change {field.replace(/^spec\./, '')}
      </LinkButton>
    </Box>
  );
}
