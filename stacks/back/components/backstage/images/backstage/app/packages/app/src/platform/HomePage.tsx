// Where a person arrives: what they can do here, what runs, what needs attention.
import { ReactNode, useEffect, useState } from 'react';
import { parseEntityRef } from '@backstage/catalog-model';
import { Content, InfoCard, Link, LinkButton, Page } from '@backstage/core-components';
import { identityApiRef, useApi } from '@backstage/frontend-plugin-api';
import Box from '@material-ui/core/Box';
import Grid from '@material-ui/core/Grid';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import ArrowIcon from '@material-ui/icons/ArrowForward';
import type { Concern, Ordered, State, States } from '@backstack/common';
import { Mark } from '../Logo';
import { useRoute } from './api';
import { template } from './entities';
import { usePlatformLinks } from './links';
import { useTemplates } from './OffersCard';
import { OrdersCards } from './OrdersCards';
import { Badge, StateBadge } from './parts';
import { Warning } from './Warning';

const useStyles = makeStyles(theme => ({
  hero: {
    background: 'linear-gradient(120deg, #0f1f3d 0%, #1b3f7d 70%, #1d6f8a 100%)',
    color: '#ffffff',
    borderRadius: 14,
    padding: theme.spacing(4, 5),
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(4),
    marginBottom: theme.spacing(3),
    '& svg': { flexShrink: 0 },
    [theme.breakpoints.down('xs')]: { flexDirection: 'column', alignItems: 'flex-start', gap: theme.spacing(2), padding: theme.spacing(3) },
  },
  lead: { opacity: 0.9, maxWidth: 640, fontSize: 17, marginTop: theme.spacing(1) },
  card: { height: '100%', display: 'flex', flexDirection: 'column' },
  list: { display: 'flex', flexDirection: 'column', gap: theme.spacing(1.25) },
  row: { display: 'flex', alignItems: 'center', justifyContent: 'space-between', gap: theme.spacing(1) },
  name: { fontWeight: 600, minWidth: 0, overflowWrap: 'anywhere' },
  badges: { display: 'flex', flexWrap: 'wrap', justifyContent: 'flex-end', gap: theme.spacing(0.5), flexShrink: 0, maxWidth: '70%' },
  more: { marginTop: theme.spacing(2) },
}));

export function HomePage() {
  const { value, error } = useRoute<States>('states', 10);
  const silent = value?.silent ?? error?.message;
  return (
    <Page themeId="home">
      <Content>
        <Hero />
        {silent && (
          <Box mb={3}>
            <Warning severity="info" title="How things are is not known right now" message={silent} />
          </Box>
        )}
        <Attention concerns={value?.concerns ?? []} />
        <OrdersCards />
        <Grid container spacing={3}>
          <Grid item xs={12} md={6} lg={4}>
            <Order />
          </Grid>
          <Grid item xs={12} md={6} lg={4}>
            <Running states={value?.states ?? {}} ordered={value?.ordered} />
          </Grid>
          <Grid item xs={12} md={12} lg={4}>
            <Elsewhere />
          </Grid>
        </Grid>
      </Content>
    </Page>
  );
}

function Hero() {
  const classes = useStyles();
  const identity = useApi(identityApiRef);
  const [name, setName] = useState<string>();
  useEffect(() => {
    identity.getProfileInfo().then(profile => setName(profile.displayName), () => setName(undefined));
  }, [identity]);
  return (
    <Box className={classes.hero}>
      <Mark size={84} />
      <div>
        <Typography variant="h3" component="h1" style={{ color: 'inherit', margin: 0 }}>
          {name && name !== 'Guest' ? `Hello ${name}` : 'Welcome to your platform'}
        </Typography>
        <Typography className={classes.lead}>
          Order an app with a form. The portal writes a pull request, somebody approves and merges it, and Argo CD, Crossplane and
          Kyverno do the rest. Everything you see here runs on this machine.
        </Typography>
      </div>
    </Box>
  );
}

function Attention({ concerns }: { concerns: Concern[] }) {
  if (concerns.length === 0) return null;
  return (
    <Box mb={3}>
      <InfoCard title="Needs attention">
        <Box display="flex" flexDirection="column" style={{ gap: 12 }}>
          {concerns.map(({ title, reason, next, entity }) => (
            <div key={`${title}/${reason}`} data-testid="concern">
              <Typography style={{ fontWeight: 600 }}>{entity ? <Link to={pageOf(entity)}>{title}</Link> : title}</Typography>
              <Typography variant="body2">{reason}</Typography>
              <Typography variant="body2" color="textSecondary">{next}</Typography>
            </div>
          ))}
        </Box>
      </InfoCard>
    </Box>
  );
}

function pageOf(entity: string): string {
  const { kind, namespace, name } = parseEntityRef(entity);
  return `/catalog/${namespace}/${kind.toLowerCase()}/${name}`;
}

function Task(props: { title: string; subheader: string; children: ReactNode; more: { to: string; text: string } }) {
  const classes = useStyles();
  return (
    <InfoCard title={props.title} subheader={props.subheader} className={classes.card}>
      <div className={classes.list}>{props.children}</div>
      <LinkButton to={props.more.to} color="primary" className={classes.more} endIcon={<ArrowIcon />}>
        {props.more.text}
      </LinkButton>
    </InfoCard>
  );
}

function Order() {
  const { value: templates = [], loading } = useTemplates();
  return (
    <Task title="1. Order something" subheader="Pick what you need and fill in a form." more={{ to: '/create', text: 'All templates' }}>
      {templates.length === 0 && !loading && (
        <Typography color="textSecondary">Nothing yet: the platform's APIs are still on their way from Git.</Typography>
      )}
      {templates.slice(0, 6).map(each => (
        <div key={each.metadata.name}>
          <Link to={template.path(each)} style={{ fontWeight: 600 }}>
            {each.metadata.title}
          </Link>
          <Typography variant="body2" color="textSecondary">
            {each.metadata.description}
          </Typography>
        </div>
      ))}
    </Task>
  );
}

function Running({ states, ordered }: { states: Record<string, State>; ordered?: Ordered[] }) {
  const classes = useStyles();
  return (
    <Task title="2. See what runs" subheader="Health, policies and every resource of each app." more={{ to: '/catalog', text: 'The whole catalog' }}>
      {ordered?.length === 0 && <Typography color="textSecondary">Nothing has been ordered yet.</Typography>}
      {(ordered ?? []).map(({ entity, title, kind, namespace }) => (
        <div key={entity} className={classes.row}>
          <Link to={pageOf(entity)} className={classes.name}>
            {title}
          </Link>
          <span className={classes.badges}>
            {states[entity] && <StateBadge verdict={states[entity].verdict} />}
            <Badge tone="neutral">{[kind, namespace].filter(Boolean).join(' in ')}</Badge>
          </span>
        </div>
      ))}
    </Task>
  );
}

function Elsewhere() {
  const links = usePlatformLinks();
  return (
    <Task title="3. Look closer" subheader="The tools behind the portal, and how they work together." more={{ to: '/docs', text: 'Read the docs' }}>
      {links.map(link => (
        <div key={link.url}>
          <Link to={link.url} style={{ fontWeight: 600 }}>
            {link.title}
          </Link>
          <Typography variant="body2" color="textSecondary">
            {link.description}
          </Typography>
        </div>
      ))}
    </Task>
  );
}
