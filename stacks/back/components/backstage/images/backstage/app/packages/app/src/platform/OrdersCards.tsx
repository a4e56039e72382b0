// Where somebody's orders are, and what waits for their review.
import { useState } from 'react';
import { InfoCard, Link } from '@backstage/core-components';
import { toError } from '@backstage/errors';
import Box from '@material-ui/core/Box';
import Button from '@material-ui/core/Button';
import Grid from '@material-ui/core/Grid';
import Typography from '@material-ui/core/Typography';
import { makeStyles } from '@material-ui/core/styles';
import type { Order, Orders } from '@backstack/common';
import { useRoute } from './api';
import { Difference, linesOf } from './Difference';
import { useApproval } from './giteaAuth';
import { Badge } from './parts';

const useStyles = makeStyles(theme => ({
  order: { padding: theme.spacing(1.25, 0), borderTop: `1px solid ${theme.palette.divider}`, '&:first-of-type': { borderTop: 'none' } },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) },
  ways: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1.5), marginTop: theme.spacing(0.75) },
}));

/** Nothing for whoever has no orders and is asked nothing. */
export function OrdersCards() {
  const { value, reload } = useRoute<Orders>('orders', 10);
  if (!value || value.mine.length + value.waiting.length === 0) return null;
  const card = (title: string, orders: Order[]) => orders.length > 0 && (
    <Grid item xs={12} md={value.mine.length > 0 && value.waiting.length > 0 ? 6 : 12}>
      <InfoCard title={title} subheader={value.rule}>
        {orders.map(order => (
          <OneOrder key={order.url} order={order} onChange={reload} />
        ))}
      </InfoCard>
    </Grid>
  );
  return (
    <Box mb={3}>
      <Grid container spacing={3}>
        {card('Waiting for you', value.waiting)}
        {card('Your orders', value.mine)}
      </Grid>
    </Box>
  );
}

const WORDS = { good: 'Done', bad: 'Needs you', warning: 'On its way', neutral: 'Closed' };

function OneOrder({ order, onChange }: { order: Order; onChange: () => void }) {
  const classes = useStyles();
  const { progress } = order;
  return (
    <div className={classes.order} data-testid={`order-${order.repository.split('/')[1]}-${order.number}`}>
      <div className={classes.head}>
        <Badge tone={progress.tone}>{WORDS[progress.tone]}</Badge>
        <Link to={order.page && !progress.open ? order.page : order.url} style={{ fontWeight: 600 }}>
          {order.title}
        </Link>
        {order.person && <Typography variant="caption">for {order.person.replace(/^.*\//, '')}</Typography>}
      </div>
      <Typography variant="body2">{progress.words}</Typography>
      {progress.open && <Ways order={order} onChange={onChange} />}
    </div>
  );
}

/** What can be done about an order that is open: look at it, and let it through. */
function Ways({ order, onChange }: { order: Order; onChange: () => void }) {
  const classes = useStyles();
  const approve = useApproval();
  const [looking, setLooking] = useState(false);
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  const send = async () => {
    setSending(true);
    setProblem(undefined);
    await approve(order.api).catch((error: unknown) => setProblem(toError(error).message));
    setSending(false);
    onChange();
  };
  return (
    <>
      <div className={classes.ways}>
        <Button size="small" variant="outlined" aria-expanded={looking} onClick={() => setLooking(!looking)}>
          What it changes
        </Button>
        {order.mayApprove && order.progress.tone !== 'bad' && (
          <Button size="small" variant="contained" color="primary" disabled={sending} onClick={() => void send()}>
            {sending ? 'Approving…' : 'Approve and merge'}
          </Button>
        )}
        <Link to={order.url}>Pull request {order.number}</Link>
      </div>
      {looking && <Changes order={order} />}
      {problem && (
        <Typography role="alert" color="error" variant="body2">
          {problem}
        </Typography>
      )}
    </>
  );
}

function Changes({ order }: { order: Order }) {
  const { value, error } = useRoute<{ text: string }>(`orders/${order.repository}/${order.number}/difference`);
  if (error) return <Typography color="error">{error.message}</Typography>;
  return (
    <Box mt={1} mb={1}>
      <Difference lines={linesOf(value?.text ?? '')} label={`What pull request ${order.number} changes`} />
    </Box>
  );
}
