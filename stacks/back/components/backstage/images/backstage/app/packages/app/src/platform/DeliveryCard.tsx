// How an entity gets from Git into the cluster, as Argo CD sees it.
import { Link, StructuredMetadataTable } from '@backstage/core-components';
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@material-ui/core/Box';
import Typography from '@material-ui/core/Typography';
import type { Delivery, OneDelivery } from '@backstack/common';
import { entityRoute, useRoute } from './api';
import { CommitLine, HealthBadge, SyncBadge } from './delivery';
import { entityPath } from './entities';
import { Away, LoadedCard } from './parts';
import { Warning } from './Warning';

export function DeliveryCard() {
  const { entity } = useEntity();
  const loaded = useRoute<OneDelivery>(entityRoute(entity, 'delivery'), 10);
  const item = loaded.value?.item;
  const badges = item && (
    <Box p={1.5} display="flex" flexWrap="wrap" style={{ gap: 6 }}>
      <SyncBadge delivery={item} />
      <HealthBadge health={item.health} />
    </Box>
  );
  const link = item ? { title: 'History, resources and differences', link: `${entityPath(entity)}/delivery` } : undefined;
  return (
    <LoadedCard title="Delivery from Git" loaded={loaded} action={badges} link={link}>
      {({ item: found, away }) => (
        <>
          <Away what="Argo CD" parts={away} />
          {found ? <Facts item={found} /> : <NotFromGit />}
        </>
      )}
    </LoadedCard>
  );
}

export function NotFromGit() {
  return <Typography color="textSecondary">This was not brought by Argo CD: it is part of something else, or was made by hand.</Typography>;
}

export function Facts({ item }: { item: Delivery }) {
  const facts: Record<string, unknown> = { application: item.url ? <Link to={item.url}>{item.name}</Link> : item.name };
  if (item.path) facts.file = item.path;
  if (item.commit) facts.commit = <CommitLine commit={item.commit} />;
  if (item.syncedAt) facts['last sync'] = new Date(item.syncedAt).toLocaleString();
  return (
    <>
      {item.message && <Warning title={item.sync === 'Synced' ? item.health : item.sync} message={item.message} />}
      <StructuredMetadataTable metadata={facts} dense />
    </>
  );
}
