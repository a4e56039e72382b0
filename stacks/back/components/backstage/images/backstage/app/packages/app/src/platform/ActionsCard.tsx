// What can be done with a thing that was ordered: each of these ends in a pull request.
import { useState } from 'react';
import { Entity } from '@backstage/catalog-model';
import { LinkButton } from '@backstage/core-components';
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@material-ui/core/Box';
import Button from '@material-ui/core/Button';
import Typography from '@material-ui/core/Typography';
import DeleteIcon from '@material-ui/icons/DeleteOutline';
import ChangeIcon from '@material-ui/icons/Edit';
import RestartIcon from '@material-ui/icons/Refresh';
import RollBackIcon from '@material-ui/icons/History';
import ScaleIcon from '@material-ui/icons/TuneOutlined';
import type { Actions, PullRequest } from '@backstack/common';
import { ActionDialog, ActionName } from './ActionDialog';
import { entityRoute, useRoute } from './api';
import { LoadedCard } from './parts';
import { SignInTo, useMayChange } from './permissions';
import { Done, PullRequests } from './pullRequests';

export function ActionsCard() {
  const { entity } = useEntity();
  const loaded = useRoute<Actions>(entityRoute(entity, 'actions'), 30);
  const [open, setOpen] = useState<ActionName>();
  const [done, setDone] = useState<PullRequest>();
  const mayChange = useMayChange();
  if (done) return <Done request={done} />;
  const finish = (request: PullRequest) => {
    setOpen(undefined);
    setDone(request);
  };
  return (
    <LoadedCard title="Change it" loaded={loaded}>
      {actions => (
        <>
          {mayChange === false && <SignInTo what="change it" />}
          {mayChange && <Buttons entity={entity} actions={actions} onChoose={setOpen} />}
          {open && <ActionDialog action={open} actions={actions} onClose={() => setOpen(undefined)} onDone={finish} />}
        </>
      )}
    </LoadedCard>
  );
}

function Buttons({ entity, actions, onChoose }: { entity: Entity; actions: Actions; onChoose: (action: ActionName) => void }) {
  const { pullRequests, scale, canRestart } = actions;
  const isTaken = pullRequests.length > 0;
  const button = (action: ActionName, text: string, icon: JSX.Element) => (
    <Button variant="outlined" disabled={isTaken} startIcon={icon} onClick={() => onChoose(action)}>
      {text}
    </Button>
  );
  return (
    <>
      {isTaken && (
        <Box mb={2}>
          <Typography>A pull request waits. Merge or close it first:</Typography>
          <PullRequests requests={pullRequests} />
        </Box>
      )}
      <Box display="flex" flexWrap="wrap" style={{ gap: 10 }}>
        <LinkButton to={pathOf(entity, 'change')} variant="contained" color="primary" startIcon={<ChangeIcon />}>
          Change
        </LinkButton>
        {scale && button('scale', 'Scale', <ScaleIcon />)}
        {canRestart && button('restart', 'Restart', <RestartIcon />)}
        {button('roll-back', 'Roll back', <RollBackIcon />)}
        {button('delete', 'Delete', <DeleteIcon />)}
      </Box>
    </>
  );
}

function pathOf(entity: Entity, tab: string): string {
  const { namespace = 'default', name } = entity.metadata;
  return `/catalog/${namespace}/${entity.kind.toLowerCase()}/${name}/${tab}`;
}
