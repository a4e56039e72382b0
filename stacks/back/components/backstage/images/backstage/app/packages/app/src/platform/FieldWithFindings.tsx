// A field of a form, with what the platform says of it below; above the first one, what concerns all of it.
import { ComponentType, useEffect } from 'react';
import { JsonObject } from '@backstage/types';
import { FieldTemplateProps, RJSFSchema } from '@rjsf/utils';
import { Said, usePlace } from './preview';

type Props = FieldTemplateProps<JsonObject>;

const ROOT = 'root';

/** The template of a form's fields, by the one that its look brings. */
export function withFindings(Base: ComponentType<Props>) {
  return function FieldWithFindings(props: Props) {
    const { findings, idOf } = usePlace();
    if (props.id === ROOT) return <Whole Base={Base} {...props} />;
    // What is not filled in yet is asked for by the form itself.
    const said = findings.filter(({ field, missing }) => field && !missing && idOf(field) === props.id);
    return (
      <>
        <Base {...props} />
        <Said findings={said} />
      </>
    );
  };
}

function Whole({ Base, ...props }: Props & { Base: ComponentType<Props> }) {
  const { findings, idOf, hear } = usePlace();
  const values = props.formData as unknown;
  useEffect(() => hear?.(values), [hear, values]);
  const isElsewhere = ({ field }: { field?: string }) => {
    const id = field && idOf(field);
    return !id || !reaches(props.schema, id.split('_').slice(1));
  };
  // The first page of an order shows only what is about its own fields.
  const isLast = idOf('spec') === ROOT || reaches(props.schema, ['spec']);
  return (
    <>
      {isLast && <Said withField findings={findings.filter(each => !each.missing && isElsewhere(each))} />}
      <Base {...props} />
    </>
  );
}

/** Whether a form with this schema has a field for this path. */
export function reaches(schema: RJSFSchema, path: string[]): boolean {
  if (path.length === 0) return true;
  const [name, ...rest] = path;
  const { properties, items } = schema;
  const next = /^\d+$/.test(name) ? items : properties?.[name];
  return typeof next === 'object' && !Array.isArray(next) && reaches(next, rest);
}
