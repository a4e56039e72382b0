// Everything about the way of a thing from Git into the cluster: what Git says, what the cluster has, and how it came so.
import { useEffect } from 'react';
import { InfoCard } from '@backstage/core-components';
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@material-ui/core/Box';
import Grid from '@material-ui/core/Grid';
import Typography from '@material-ui/core/Typography';
import type { DeliveryDetails, OneDelivery } from '@backstack/common';
import { entityRoute, useRoute } from './api';
import { HealthBadge, History, SyncBadge, SyncButton, Tree } from './delivery';
import { Facts, NotFromGit } from './DeliveryCard';
import { Difference } from './Difference';
import { Away, LoadedCard } from './parts';

const AGAIN_SECONDS = 5;

export function DeliveryTab() {
  const { entity } = useEntity();
  const loaded = useRoute<OneDelivery>(entityRoute(entity, 'delivery'), AGAIN_SECONDS);
  const details = useRoute<DeliveryDetails>(entityRoute(entity, 'delivery/details'), 2 * AGAIN_SECONDS);
  const item = loaded.value?.item;
  const { reload } = details;
  const state = item && `${item.sync} ${item.health} ${item.syncedAt}`;
  // What has changed there has changed here, too.
  useEffect(reload, [reload, state]);
  const badges = item && (
    <Box p={1.5} display="flex" flexWrap="wrap" alignItems="center" style={{ gap: 6 }}>
      <SyncBadge delivery={item} />
      <HealthBadge health={item.health} />
      <SyncButton delivery={item} onDone={loaded.reload} />
    </Box>
  );
  return (
    <Grid container spacing={3}>
      <Grid item xs={12} md={6}>
        <LoadedCard title="State" loaded={loaded} action={badges}>
          {({ item: found, away }) => (
            <>
              <Away what="Argo CD" parts={away} />
              {found ? <Facts item={found} /> : <NotFromGit />}
            </>
          )}
        </LoadedCard>
      </Grid>
      <Grid item xs={12} md={6}>
        <LoadedCard title="Resources" loaded={details}>
          {({ tree }) => (tree ? <Tree root={tree} /> : <Typography color="textSecondary">Nothing of it is in the cluster.</Typography>)}
        </LoadedCard>
      </Grid>
      {item && details.value && (
        <>
          <Grid item xs={12} md={6}>
            <Compared details={details.value} />
          </Grid>
          <Grid item xs={12} md={6}>
            <InfoCard title="History of its file" subheader={item.path}>
              <History commits={details.value.history} />
            </InfoCard>
          </Grid>
        </>
      )}
    </Grid>
  );
}

function Compared({ details: { difference, hindrance } }: { details: DeliveryDetails }) {
  const isSame = difference.every(each => each.mark === ' ');
  return (
    <InfoCard title="Git and the cluster" subheader="− is in the cluster, + is in Git">
      {hindrance && <Typography color="textSecondary">{hindrance}</Typography>}
      {!hindrance && isSame && <Typography>The cluster has what Git says.</Typography>}
      {!hindrance && !isSame && <Difference lines={difference} label="What differs between the cluster and Git" />}
    </InfoCard>
  );
}
