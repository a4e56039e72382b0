// What can be ordered with an API: its fields, and the way to the form.
import { LinkButton } from '@backstage/core-components';
import { useEntity } from '@backstage/plugin-catalog-react';
import Box from '@material-ui/core/Box';
import Table from '@material-ui/core/Table';
import TableBody from '@material-ui/core/TableBody';
import TableCell from '@material-ui/core/TableCell';
import TableHead from '@material-ui/core/TableHead';
import TableRow from '@material-ui/core/TableRow';
import AddIcon from '@material-ui/icons/Add';
import type { ApiDefinition, Field } from '@backstack/common';
import { entityRoute, useRoute } from './api';
import { Badge, LoadedCard } from './parts';
import { SignInTo, useMayChange } from './permissions';

/** Names are not broken. */
const WHOLE = { whiteSpace: 'nowrap' } as const;

export function ApiCard() {
  const { entity } = useEntity();
  const loaded = useRoute<ApiDefinition>(entityRoute(entity, 'definition'));
  return (
    <LoadedCard title="What can be ordered" loaded={loaded}>
      {({ kind, template, fields }) => (
        <>
          <Box mb={2}>
            <Order kind={kind} template={template} />
          </Box>
          <Fields fields={fields} />
        </>
      )}
    </LoadedCard>
  );
}

function Order({ kind, template }: { kind: string; template: string }) {
  const mayChange = useMayChange();
  if (!mayChange) return mayChange === false ? <SignInTo what="order" /> : null;
  return (
    <LinkButton to={`/create/templates/default/${template}`} variant="contained" color="primary" startIcon={<AddIcon />}>
      {`Order: ${kind}`}
    </LinkButton>
  );
}

function Fields({ fields }: { fields: Field[] }) {
  return (
    <Table size="small">
      <TableHead>
        <TableRow>
          <TableCell>Field</TableCell>
          <TableCell>Type</TableCell>
          <TableCell style={WHOLE}>Default</TableCell>
          <TableCell>What it is</TableCell>
        </TableRow>
      </TableHead>
      <TableBody>
        {fields.map(field => (
          <TableRow key={field.path}>
            <TableCell style={WHOLE}><code>{field.path}</code></TableCell>
            <TableCell style={{ wordBreak: 'normal' }}>{field.type}</TableCell>
            <TableCell style={WHOLE}>{field.required ? <Badge tone="neutral">required</Badge> : field.default ?? ''}</TableCell>
            <TableCell>{field.description ?? ''}</TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
