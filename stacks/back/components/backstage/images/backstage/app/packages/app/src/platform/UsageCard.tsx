// Where what was ordered answers: the way in for people, and the one for other programs.
import { Link, LinkButton } from '@backstage/core-components';
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@material-ui/core/Box';
import Typography from '@material-ui/core/Typography';
import OpenIcon from '@material-ui/icons/OpenInNew';
import { Addresses, entityRoute, useRoute } from './api';
import { LoadedCard } from './parts';

export function AddressesCard() {
  const { entity } = useEntity();
  const loaded = useRoute<Addresses>(entityRoute(entity, 'addresses'), 15);
  return (
    <LoadedCard title="Where it answers" loaded={loaded}>
      {({ open, inside }) => (
        <>
          {open.length > 0 && <Doors urls={open} />}
          {inside.map(address => (
            <Typography key={address}>
              In the cluster: <code>{address}</code>
            </Typography>
          ))}
          {open.length + inside.length === 0 && <Typography color="textSecondary">It has no address of its own.</Typography>}
        </>
      )}
    </LoadedCard>
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
