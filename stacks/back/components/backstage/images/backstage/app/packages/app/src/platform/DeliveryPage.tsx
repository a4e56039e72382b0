// All that Argo CD brings from Git into the cluster, what is wrong first.
import { parseEntityRef } from '@backstage/catalog-model';
import { Content, Header, InfoCard, Link, Page, Progress } from '@backstage/core-components';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import type { Deliveries, Delivery } from '@backstack/common';
import { useRoute } from './api';
import { HealthBadge, SyncBadge, SyncButton } from './delivery';
import { Away } from './parts';
import { Warning } from './Warning';

const useStyles = makeStyles(theme => ({
  list: { listStyle: 'none', margin: 0, padding: 0 },
  one: { padding: theme.spacing(1.5, 0), borderTop: `1px solid ${theme.palette.divider}`, overflowWrap: 'anywhere', '&:first-child': { borderTop: 'none' } },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) },
  name: { flexGrow: 1, minWidth: 160 },
}));

export function DeliveryPage() {
  const classes = useStyles();
  const { value, error, loading, reload } = useRoute<Deliveries>('delivery', 10);
  return (
    <Page themeId="tool">
      <Header title="Delivery" subtitle="What Argo CD brings from Git into the cluster." />
      <Content>
        {loading && <Progress />}
        {error && <Warning title="Argo CD's applications cannot be read right now" message={error.message} />}
        <Away what="Argo CD" parts={value?.away} />
        {value?.items.length === 0 && <Typography>Argo CD brings nothing yet.</Typography>}
        {value && value.items.length > 0 && (
          <InfoCard title="Applications" subheader={summary(value.items)}>
            <ul className={classes.list}>
              {value.items.map(each => <One key={each.name} delivery={each} onDone={reload} />)}
            </ul>
          </InfoCard>
        )}
      </Content>
    </Page>
  );
}

function summary(items: Delivery[]): string {
  const good = items.filter(each => each.sync === 'Synced' && each.health === 'Healthy').length;
  return good === items.length ? `All ${good} are synced and healthy.` : `${items.length - good} of ${items.length} need attention or are on their way.`;
}

function One({ delivery, onDone }: { delivery: Delivery; onDone: () => void }) {
  const classes = useStyles();
  const { name, project, repository, path, message, differing, entity, url, syncedAt } = delivery;
  const place = [repository, path === '.' ? undefined : path].filter(Boolean).join(': ');
  return (
    <li className={classes.one} data-testid={`delivery-${name}`}>
      <div className={classes.head}>
        <Typography className={classes.name} style={{ fontWeight: 600 }}>
          {entity ? <Link to={pageOf(entity)}>{name}</Link> : name}
        </Typography>
        <SyncBadge delivery={delivery} />
        <HealthBadge health={delivery.health} />
        <SyncButton delivery={delivery} onDone={onDone} />
      </div>
      <Typography variant="body2" color="textSecondary">
        {[place, project && `project ${project}`, syncedAt && `last sync ${new Date(syncedAt).toLocaleString()}`].filter(Boolean).join(' · ')}
      </Typography>
      {message && <Typography variant="body2">{message}</Typography>}
      {differing.length > 0 && <Typography variant="body2">{`Not as Git says: ${differing.join(', ')}`}</Typography>}
      {url && <Link to={url}>Open in Argo CD</Link>}
    </li>
  );
}

function pageOf(entity: string): string {
  const { kind, namespace, name } = parseEntityRef(entity);
  return `/catalog/${namespace}/${kind}/${name}/delivery`;
}
