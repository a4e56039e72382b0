// How a thing is used: the way in for people, the one for other programs, and what runs behind it.
import { CodeSnippet, Link, LinkButton } from '@backstage/core-components';
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@material-ui/core/Box';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import OpenIcon from '@material-ui/icons/OpenInNew';
import { ReactNode } from 'react';
import type { Connection, Usage } from '@backstack/common';
import { entityRoute, useRoute } from './api';
import { splitImage } from './image';
import { Badge, LoadedCard } from './parts';

const useStyles = makeStyles(theme => ({
  facts: {
    display: 'grid',
    gridTemplateColumns: 'max-content minmax(0, 1fr)',
    columnGap: theme.spacing(3),
    rowGap: theme.spacing(1),
    margin: 0,
    '& dt': { color: theme.palette.text.secondary },
    '& dd': { margin: 0, overflowWrap: 'anywhere' },
  },
}));

export function UsageCard() {
  const { entity } = useEntity();
  const loaded = useRoute<Usage>(entityRoute(entity, 'usage'), 15);
  return (
    <LoadedCard title="How to use it" loaded={loaded}>
      {usage => <Facts usage={usage} name={entity.metadata.name} />}
    </LoadedCard>
  );
}

function Facts({ usage, name }: { usage: Usage; name: string }) {
  const classes = useStyles();
  const { open, inside, images, pods, connection } = usage;
  const isNowhere = open.length + inside.length === 0 && !connection;
  return (
    <>
      {open.length > 0 && <Doors urls={open} />}
      {isNowhere && <Typography color="textSecondary" paragraph>It has no address of its own.</Typography>}
      <dl className={classes.facts}>
        {/* A database has an address for each way to use it; what its order names is the one to take. */}
        {!connection && inside.map(address => <Fact key={address} name="In the cluster"><code>{address}</code></Fact>)}
        {connection && <Access connection={connection} />}
        {images.map(image => <Image key={image} image={image} />)}
        {pods && (
          <Fact name="Pods">
            <Badge tone={pods.ready < pods.wanted ? 'warning' : 'good'}>{`${pods.ready} of ${pods.wanted} ready`}</Badge>
          </Fact>
        )}
      </dl>
      {connection && <Lines connection={connection} name={name} />}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <Typography component="dt">{name}</Typography>
      <Typography component="dd">{children}</Typography>
    </>
  );
}

function Image({ image }: { image: string }) {
  const { name, version } = splitImage(image);
  return (
    <>
      <Fact name="Image"><code>{name}</code></Fact>
      <Fact name="Version"><code>{version}</code></Fact>
    </>
  );
}

function Access({ connection: { host, port, database, user, secret } }: { connection: Connection }) {
  const facts = { Host: host, Port: port, Database: database, User: user, Secret: secret };
  return (
    <>
      {Object.entries(facts).map(([name, value]) => value !== undefined && <Fact key={name} name={name}><code>{value}</code></Fact>)}
    </>
  );
}

/** What an app's order says to get in. The keys are those of a Secret of the type kubernetes.io/basic-auth. */
export function environmentOf({ host, port, database, secret }: Connection, name: string): string {
  const prefix = name.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  const plain = { HOST: host, PORT: port, DATABASE: database };
  const lines = Object.entries(plain).filter(([, value]) => value !== undefined).map(([key, value]) => `{name: ${prefix}_${key}, value: "${value}"}`);
  const fromSecret = (variable: string, key: string) => `{name: ${prefix}_${variable}, valueFrom: {secretKeyRef: {name: ${secret}, key: ${key}}}}`;
  return ['env:', ...[...lines, fromSecret('USER', 'username'), fromSecret('PASSWORD', 'password')].map(line => `  - ${line}`)].join('\n');
}

function Lines({ connection, name }: { connection: Connection; name: string }) {
  return (
    <Box mt={2}>
      <Typography>To use it from an app in the same namespace, add this to the app's order:</Typography>
      <CodeSnippet language="yaml" text={environmentOf(connection, name)} showCopyCodeButton />
    </Box>
  );
}

function Doors({ urls: [first, ...others] }: { urls: string[] }) {
  return (
    <Box mb={2} display="flex" flexDirection="column" alignItems="flex-start" style={{ gap: 8 }}>
      <LinkButton to={first} variant="contained" color="primary" startIcon={<OpenIcon />}>
        Open
      </LinkButton>
      {[first, ...others].map(url => (
        <Link key={url} to={url}>
          {url}
        </Link>
      ))}
    </Box>
  );
}
