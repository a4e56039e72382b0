// The form with which people change what they ordered: it ends in a pull request.
import { useEffect, useMemo, useState } from 'react';
import { CodeSnippet, InfoCard, Progress } from '@backstage/core-components';
import { toError } from '@backstage/errors';
import { useEntity } from '@backstage/plugin-catalog-react';
import { JsonObject } from '@backstage/types';
import Box from '@material-ui/core/Box';
import Button from '@material-ui/core/Button';
import Grid from '@material-ui/core/Grid';
import MenuItem from '@material-ui/core/MenuItem';
import TextField from '@material-ui/core/TextField';
import Typography from '@material-ui/core/Typography';
import { withTheme } from '@rjsf/core';
import { generateTheme } from '@rjsf/material-ui';
import { RJSFSchema } from '@rjsf/utils';
import { customizeValidator } from '@rjsf/validator-ajv8';
import { useSearchParams } from 'react-router-dom';
import type { ChangeForm, PullRequest } from '@backstack/common';
import { entityRoute, useCall, useRoute } from './api';
import { SignInTo, useMayChange } from './permissions';
import { Difference } from './Difference';
import { withFindings } from './FieldWithFindings';
import { Asked, Findings, formId, isRefused, Told, usePreview } from './preview';
import { Done, Waiting } from './pullRequests';
import { Warning } from './Warning';

const theme = generateTheme<JsonObject>();
const Form = withTheme<JsonObject>(theme);
const TEMPLATES = { FieldTemplate: withFindings(theme.templates!.FieldTemplate!) };
const validator = customizeValidator<JsonObject>();

export function ChangePage() {
  const { entity } = useEntity();
  const { value, error, loading } = useRoute<ChangeForm>(entityRoute(entity, 'manifest'));
  if (loading) return <Progress />;
  if (error) {
    return (
      <InfoCard title="This cannot be changed here">
        <Typography>{error.message.charAt(0).toUpperCase() + error.message.slice(1)}.</Typography>
      </InfoCard>
    );
  }
  return value ? <Change manifest={value} /> : null;
}

function Change({ manifest }: { manifest: ChangeForm }) {
  const [done, setDone] = useState<PullRequest>();
  return (
    <Grid container spacing={3}>
      <Grid item xs={12} md={7}>
        {done ? <Done request={done} /> : <Editor key={manifest.sha} manifest={manifest} onDone={setDone} />}
      </Grid>
      <Grid item xs={12} md={5}>
        {manifest.pullRequests.length > 0 && !done && (
          <Box mb={3}>
            <Waiting requests={manifest.pullRequests} />
          </Box>
        )}
        <InfoCard title="In Git now" subheader={manifest.path} deepLink={{ title: 'Open in Gitea', link: manifest.url }}>
          <CodeSnippet language="yaml" text={manifest.text} showCopyCodeButton />
        </InfoCard>
      </Grid>
    </Grid>
  );
}

function Editor({ manifest, onDone }: { manifest: ChangeForm; onDone: (request: PullRequest) => void }) {
  const { entity } = useEntity();
  const call = useCall();
  const [version, setVersion] = useState(manifest.version);
  const [spec, setSpec] = useState(manifest.spec);
  const [note, setNote] = useState('');
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  useField();
  const mayChange = useMayChange();
  const chosen = manifest.versions.find(each => each.name === version) ?? manifest.versions[0];
  const schema = useMemo((): RJSFSchema => ({ ...(chosen.schema as RJSFSchema), title: undefined, description: undefined }), [chosen]);
  const isSame = chosen.name === manifest.version && spec === manifest.spec;
  const asked = usePreview(entityRoute(entity, 'preview'), mayChange && !isSame ? { sha: manifest.sha, version: chosen.name, spec } : undefined);
  const choose = (name: string) => {
    setVersion(name);
    // A field may be gone in another version: what it held is not taken along.
    setSpec(manifest.spec);
  };

  const send = async () => {
    setSending(true);
    setProblem(undefined);
    try {
      const body = { sha: manifest.sha, version: chosen.name, spec, note };
      onDone(await call<PullRequest>(entityRoute(entity, 'manifest'), body));
    } catch (error) {
      setProblem(toError(error).message);
    } finally {
      setSending(false);
    }
  };

  return (
    <InfoCard title={`Change ${entity.metadata.title ?? entity.metadata.name}`} subheader="Your change becomes a pull request; nothing happens before somebody merges it.">
      {chosen.warning && <Warning title={`Version ${chosen.name} is deprecated`} message={chosen.warning} />}
      {manifest.versions.length > 1 && (
        <Box mb={2}>
          <TextField id="api-version" select fullWidth label="API version" value={chosen.name} onChange={event => choose(event.target.value)}>
            {manifest.versions.map(each => (
              <MenuItem key={each.name} value={each.name}>
                {each.warning ? `${each.name} (deprecated)` : each.name}
              </MenuItem>
            ))}
          </TextField>
        </Box>
      )}
      <Findings asked={asked} idOf={idOf}>
        <Form
          key={chosen.name}
          schema={schema}
          formData={spec}
          validator={validator}
          templates={TEMPLATES}
          onChange={event => setSpec(event.formData ?? {})}
          onSubmit={() => void send()}
          showErrorList={false}
          noHtml5Validate
        >
          <Box mt={2} mb={2}>
            <TextField id="why" fullWidth label="Why (for the reviewer)" value={note} onChange={event => setNote(event.target.value)} />
          </Box>
          <Outcome asked={asked} />
          {problem && <Warning title="The change was not sent" message={problem} />}
          <Send sending={sending} isTaken={manifest.pullRequests.length > 0} isRefused={isRefused(asked)} />
        </Form>
      </Findings>
    </InfoCard>
  );
}

/** Goes to the field that the address names, as `spec.image`. */
function useField() {
  const [query] = useSearchParams();
  const field = query.get('field');
  useEffect(() => {
    const parts = field?.replace(/^spec\.?/, '').split(/[.[\]]+/).filter(Boolean);
    const input = parts && document.getElementById(['root', ...parts].join('_'));
    input?.scrollIntoView?.({ block: 'center' });
    input?.focus();
  }, [field]);
}

function idOf(field: string): string | undefined {
  return field.startsWith('spec') ? formId(field.replace(/^spec\.?/, ''), 'root') : undefined;
}

/** How the file would change, and whether the platform has anything against it. */
function Outcome({ asked }: { asked: Asked }) {
  const { value } = asked;
  if (value?.lines.every(each => each.mark === ' ')) return null;
  return (
    <Box mb={2}>
      {value && (
        <>
          <Typography gutterBottom>How the file changes:</Typography>
          <Difference lines={value.lines} label={`How ${value.path} changes`} />
        </>
      )}
      <Told asked={asked} />
    </Box>
  );
}

function Send({ sending, isTaken, isRefused: refused }: { sending: boolean; isTaken: boolean; isRefused: boolean }) {
  const mayChange = useMayChange();
  if (mayChange === false) return <SignInTo what="change it" />;
  return (
    <>
      <Button type="submit" variant="contained" color="primary" disabled={sending || isTaken || refused || !mayChange}>
        {sending ? 'Opening a pull request…' : 'Open a pull request'}
      </Button>
      {isTaken && <Typography color="textSecondary">A pull request for this file is open already: merge or close it first.</Typography>}
    </>
  );
}
