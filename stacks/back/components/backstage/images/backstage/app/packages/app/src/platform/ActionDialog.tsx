// Asks once more before a pull request is opened: what will happen, and why it is wanted.
import { ReactNode, useState } from 'react';
import { Link, Progress } from '@backstage/core-components';
import { toError } from '@backstage/errors';
import { useEntity } from '@backstage/plugin-catalog-react';
import Button from '@material-ui/core/Button';
import Dialog from '@material-ui/core/Dialog';
import DialogActions from '@material-ui/core/DialogActions';
import DialogContent from '@material-ui/core/DialogContent';
import DialogTitle from '@material-ui/core/DialogTitle';
import FormControlLabel from '@material-ui/core/FormControlLabel';
import Radio from '@material-ui/core/Radio';
import RadioGroup from '@material-ui/core/RadioGroup';
import TextField from '@material-ui/core/TextField';
import Typography from '@material-ui/core/Typography';
import type { Actions, Commit, PullRequest, Scale } from '@backstack/common';
import { entityRoute, useCall, useRoute } from './api';
import { Warning } from './Warning';

export type ActionName = 'scale' | 'restart' | 'roll-back' | 'delete';

const TITLES: Record<ActionName, string> = { scale: 'Scale', restart: 'Restart', 'roll-back': 'Roll back', delete: 'Delete' };

/** What was chosen in a dialog; nothing while it is not complete. */
type Choice = { value?: number; commit?: string };
type Choose = (choice: Choice | undefined) => void;

type Props = { action: ActionName; actions: Actions; onClose: () => void; onDone: (request: PullRequest) => void };

export function ActionDialog({ action, actions, onClose, onDone }: Props) {
  const { entity } = useEntity();
  const call = useCall();
  const [choice, setChoice] = useState<Choice | undefined>(action === 'delete' || action === 'restart' ? {} : undefined);
  const [note, setNote] = useState('');
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  const name = entity.metadata.title ?? entity.metadata.name;

  const send = async () => {
    setSending(true);
    setProblem(undefined);
    try {
      onDone(await call<PullRequest>(entityRoute(entity, 'actions'), { action, sha: actions.sha, note, ...choice }));
    } catch (error) {
      setProblem(toError(error).message);
      setSending(false);
    }
  };

  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby="action-title">
      <DialogTitle id="action-title">{`${TITLES[action]} ${name}`}</DialogTitle>
      <DialogContent>
        <Question action={action} actions={actions} onChoose={setChoice} />
        <TextField id="action-note" fullWidth margin="normal" label="Why (for the reviewer)" value={note} onChange={event => setNote(event.target.value)} />
        {problem && <Warning title="No pull request was opened" message={problem} />}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="contained" color="primary" disabled={!choice || sending} onClick={() => void send()}>
          {sending ? 'Opening a pull request…' : 'Open a pull request'}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Question({ action, actions, onChoose }: { action: ActionName; actions: Actions; onChoose: Choose }) {
  if (action === 'delete') return <Deleting actions={actions} />;
  if (action === 'scale' && actions.scale) return <Scaling scale={actions.scale} onChoose={onChoose} />;
  if (action === 'roll-back') return <RollingBack onChoose={onChoose} />;
  return (
    <Typography>
      Its pods are replaced one after the other, with the same image and settings. The pull request only notes the time of it.
    </Typography>
  );
}

function Deleting({ actions: { path, leaves, volumes } }: { actions: Actions }) {
  return (
    <>
      <Typography paragraph>{`The pull request takes away ${path}. When it is merged, this goes from the cluster:`}</Typography>
      <ul>
        {leaves.map(({ kind, name, namespace }) => (
          <li key={`${kind} ${namespace} ${name}`}>
            <Typography>{`${kind} ${name}`}</Typography>
          </li>
        ))}
      </ul>
      {volumes.length > 0 && (
        <Warning title="Its data is lost" message={`There is no way back for what is in ${volumes.join(', ')}: a later order of the same name begins empty.`} />
      )}
    </>
  );
}

function Scaling({ scale, onChoose }: { scale: Scale; onChoose: Choose }) {
  const { title, value, minimum = 0, maximum, hindrance } = scale;
  const [text, setText] = useState(String(value));
  const change = (next: string) => {
    setText(next);
    const number = Number(next);
    const isGood = /^\d+$/.test(next) && number >= minimum && number <= (maximum ?? number) && number !== value;
    onChoose(isGood ? { value: number } : undefined);
  };
  if (hindrance) return <Typography>{hindrance}</Typography>;
  const range = maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`;
  return (
    <TextField
      id="action-number"
      type="number"
      label={title}
      helperText={`Now ${value}; ${range}.`}
      inputProps={{ min: minimum, max: maximum }}
      value={text}
      onChange={event => change(event.target.value)}
    />
  );
}

function RollingBack({ onChoose }: { onChoose: Choose }) {
  const { entity } = useEntity();
  const { value, error, loading } = useRoute<{ items: Commit[] }>(entityRoute(entity, 'history'));
  const [chosen, setChosen] = useState('');
  const choose = (commit: string) => {
    setChosen(commit);
    onChoose({ commit });
  };
  if (loading) return <Progress />;
  if (error) return <Warning title="Its history cannot be read right now" message={error.message} />;
  // The first one is what holds now.
  const earlier = (value?.items ?? []).slice(1);
  if (earlier.length === 0) return <Typography>It was never changed since it was ordered: there is nothing to go back to.</Typography>;
  return (
    <>
      <Typography>To what its file was after one of these commits:</Typography>
      <RadioGroup aria-label="Commit" value={chosen} onChange={event => choose(event.target.value)}>
        {earlier.map(commit => (
          <FormControlLabel key={commit.sha} value={commit.sha} control={<Radio color="primary" />} label={<Told commit={commit} />} />
        ))}
      </RadioGroup>
    </>
  );
}

function Told({ commit: { sha, title, author, time, url } }: { commit: Commit }): ReactNode {
  return (
    <>
      <Typography>{title}</Typography>
      <Typography variant="body2" color="textSecondary">
        {`${author}, ${new Date(time).toLocaleString()}, `}
        <Link to={url}>{sha.slice(0, 8)}</Link>
      </Typography>
    </>
  );
}
