// What can be ordered beside an entity: the templates of the platform, with its namespace filled in.
import { Entity } from '@backstage/catalog-model';
import { LinkButton } from '@backstage/core-components';
import { toError } from '@backstage/errors';
import { catalogApiRef, useEntity } from '@backstage/plugin-catalog-react';
import { useApi } from '@backstage/frontend-plugin-api';
import Box from '@material-ui/core/Box';
import Typography from '@material-ui/core/Typography';
import AddIcon from '@material-ui/icons/Add';
import { useEffect, useState } from 'react';
import { clusterKind, clusterNamespace, template } from './entities';
import { LoadedCard } from './parts';
import { SignInTo, useMayChange } from './permissions';

/** The templates that may be ordered today, by title. */
export function useTemplates() {
  const catalog = useApi(catalogApiRef);
  const [state, setState] = useState<{ value?: Entity[]; error?: Error }>({});
  useEffect(() => {
    let gone = false;
    // Without their forms, which are most of them.
    catalog.getEntities({ filter: { kind: 'Template' }, fields: ['apiVersion', 'kind', 'metadata'] }).then(
      ({ items }) => {
        const title = (entity: Entity) => entity.metadata.title ?? entity.metadata.name;
        const today = items.filter(entity => !template.warning(entity));
        if (!gone) setState({ value: today.sort((a, b) => title(a).localeCompare(title(b))) });
      },
      (error: unknown) => !gone && setState({ error: toError(error) }),
    );
    return () => {
      gone = true;
    };
  }, [catalog]);
  return { ...state, loading: !state.value && !state.error, reload: () => {} };
}

export function OffersCard() {
  const { entity } = useEntity();
  const loaded = useTemplates();
  const namespace = clusterNamespace(entity);
  return (
    <LoadedCard title={namespace ? `Add to ${namespace}` : 'Add to the platform'} loaded={loaded}>
      {templates => <Offers templates={templates} kind={clusterKind(entity)} namespace={namespace} />}
    </LoadedCard>
  );
}

function Offers(props: { templates: Entity[]; kind?: string; namespace?: string }) {
  const mayChange = useMayChange();
  const fitting = props.templates.filter(each => !props.namespace || template.isNamespaced(each));
  if (fitting.length === 0) {
    return <Typography color="textSecondary">Nothing can be ordered here yet: a platform engineer adds what can.</Typography>;
  }
  if (!mayChange) return mayChange === false ? <SignInTo what="order" /> : null;
  const values = props.namespace ? { namespace: props.namespace } : undefined;
  return (
    <Box display="flex" flexWrap="wrap" style={{ gap: 10 }}>
      {fitting.map(each => (
        <LinkButton
          key={each.metadata.name}
          to={template.path(each, values)}
          variant={template.kind(each) === props.kind ? 'contained' : 'outlined'}
          color="primary"
          startIcon={<AddIcon />}
        >
          {template.kind(each) === props.kind ? `Another ${each.metadata.title}` : each.metadata.title ?? each.metadata.name}
        </LinkButton>
      ))}
    </Box>
  );
}
