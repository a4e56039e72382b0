// Pull requests on the file of a thing: those that wait, and the one that was just opened.
import { InfoCard, Link, LinkButton } from '@backstage/core-components';
import Typography from '@material-ui/core/Typography';
import type { PullRequest } from '@backstack/common';

export function Done({ request }: { request: PullRequest }) {
  return (
    <InfoCard title={`Pull request ${request.number} is open`} subheader={request.title}>
      <Typography paragraph>
        When it is approved and merged, Argo CD brings the change into the cluster within seconds, and this page shows it.
      </Typography>
      <LinkButton to={request.url} variant="contained" color="primary">
        Open the pull request
      </LinkButton>
    </InfoCard>
  );
}

export function Waiting({ requests }: { requests: PullRequest[] }) {
  return (
    <InfoCard title="Waiting for a review">
      <PullRequests requests={requests} />
    </InfoCard>
  );
}

export function PullRequests({ requests }: { requests: PullRequest[] }) {
  return (
    <>
      {requests.map(request => (
        <Typography key={request.number}>
          <Link to={request.url}>
            {request.number}: {request.title}
          </Link>
        </Typography>
      ))}
    </>
  );
}
