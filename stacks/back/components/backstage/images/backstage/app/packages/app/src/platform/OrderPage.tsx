// The form of an order: what the platform says stands at the fields, and the last step shows the file that is written.
import { createElement, useCallback, useEffect, useState } from 'react';
import { Progress } from '@backstage/core-components';
import { BreadcrumbEntry, useApi, useRouteRef } from '@backstage/frontend-plugin-api';
import scaffolderPlugin from '@backstage/plugin-scaffolder/alpha';
import { scaffolderApiRef } from '@backstage/plugin-scaffolder-react';
import type { FieldExtensionOptions, FormProps, ReviewStepProps } from '@backstage/plugin-scaffolder-react';
import { EmbeddableWorkflow, formFieldsApiRef, ScaffolderField } from '@backstage/plugin-scaffolder-react/alpha';
import { JsonObject, JsonValue } from '@backstage/types';
import Box from '@material-ui/core/Box';
import Button from '@material-ui/core/Button';
import Typography from '@material-ui/core/Typography';
import { FieldTemplateProps, getTemplate, getUiOptions } from '@rjsf/utils';
import { Navigate, useNavigate } from 'react-router-dom';
import { Difference } from './Difference';
import { withFindings } from './FieldWithFindings';
import { SignInTo, useMayChange } from './permissions';
import { Findings, formId, isRefused, Said, Told, usePlace, usePreview } from './preview';

type Template = { namespace: string; name: string; title: string };

// What holds for one field, as its template, holds for all of them when it stands here; the type knows only some of it.
const FORM: FormProps = { uiSchema: { 'ui:globalOptions': { FieldTemplate: withFindings(Field) } as object } };
const COMPONENTS = { ReviewStepComponent: Review };

export function OrderPage({ template: { namespace, name, title } }: { template: Template }) {
  const extensions = useFields();
  const order = useOrder(`template:${namespace}/${name}`);
  const [values, setValues] = useState<unknown>();
  const asked = usePreview(`preview/template/${namespace}/${name}`, useQuestion(values));
  if (!extensions) return <Progress />;
  return (
    <BreadcrumbEntry entry={{ label: title, href: '.' }}>
      <Findings asked={asked} idOf={idOf} hear={setValues}>
        <EmbeddableWorkflow
          namespace={namespace}
          templateName={name}
          onCreate={order}
          onError={() => <Navigate to="/create" />}
          extensions={extensions}
          formProps={FORM}
          components={COMPONENTS}
        />
      </Findings>
    </BreadcrumbEntry>
  );
}

/** In the form, what a manifest has as its metadata stands beside its specification. */
function idOf(field: string): string | undefined {
  const own = field.replace(/^metadata\.(name|namespace)$/, '$1');
  return own.startsWith('metadata.') ? undefined : formId(own, 'root');
}

/** What is asked for these values: nothing while they name nothing, or by somebody who may not order. */
function useQuestion(values: unknown): unknown {
  const mayOrder = useMayChange();
  const { name } = (values ?? {}) as { name?: unknown };
  const isNamed = typeof name === 'string' && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name);
  return mayOrder && isNamed ? values : undefined;
}

/** Sends the order, and goes to where it can be followed. */
function useOrder(templateRef: string) {
  const scaffolder = useApi(scaffolderApiRef);
  const task = useRouteRef(scaffolderPlugin.routes.ongoingTask);
  const navigate = useNavigate();
  return useCallback(
    async (values: Record<string, JsonValue>) => {
      const { taskId } = await scaffolder.scaffold({ templateRef, values });
      navigate(task?.({ taskId }) ?? '/create/tasks');
    },
    [scaffolder, task, navigate, templateRef],
  );
}

/** The fields that plugins bring for forms. */
function useFields(): FieldExtensionOptions[] | undefined {
  const fields = useApi(formFieldsApiRef);
  const [loaded, setLoaded] = useState<FieldExtensionOptions[]>();
  useEffect(() => {
    let gone = false;
    // They are what they are called by: their type only hides it from other packages.
    fields.loadFormFields().then(found => !gone && setLoaded(found as unknown as FieldExtensionOptions[]), () => !gone && setLoaded([]));
    return () => {
      gone = true;
    };
  }, [fields]);
  return loaded;
}

/** A field as Backstage's own forms show it. */
function Field(props: FieldTemplateProps<JsonObject>) {
  const { hidden, children, registry, uiSchema } = props;
  if (hidden) return <div style={{ display: 'none' }}>{children}</div>;
  const wrap = getTemplate('WrapIfAdditionalTemplate', registry, getUiOptions(uiSchema));
  return createElement(wrap, { ...props, children: <ScaffolderField {...props}>{children}</ScaffolderField> });
}

/** The last step: the file, what comes of it, and what is said of it. */
export function Review({ handleBack, handleCreate, disableButtons }: ReviewStepProps) {
  const { asked, findings } = usePlace();
  const mayOrder = useMayChange();
  const [sending, setSending] = useState(false);
  const { value } = asked;
  const send = () => {
    setSending(true);
    // Whoever fails is told by the page of the task.
    void Promise.resolve(handleCreate()).finally(() => setSending(false));
  };
  return (
    <>
      {value && (
        <>
          <Typography variant="h6" component="h3">{`New file ${value.path}`}</Typography>
          <Difference lines={value.lines} label={`New file ${value.path}`} />
          {value.effects.length > 0 && (
            <Box mt={2}>
              <Typography>{`When it is merged, this ${value.effects.join(', ')}.`}</Typography>
            </Box>
          )}
        </>
      )}
      <Box mt={2} mb={2}>
        <Said withField findings={findings} />
        <Told asked={asked} />
      </Box>
      <Box display="flex" justifyContent="flex-end" style={{ gap: 8 }}>
        <Button onClick={handleBack} disabled={sending}>Back</Button>
        {mayOrder === false ? <SignInTo what="order it" /> : (
          <Button variant="contained" color="primary" disabled={disableButtons || sending || asked.waiting || isRefused(asked)} onClick={send}>
            Create
          </Button>
        )}
      </Box>
    </>
  );
}
