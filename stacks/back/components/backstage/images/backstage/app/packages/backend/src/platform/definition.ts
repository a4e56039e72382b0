// What an API of the catalog says about itself: the ingestor keeps the whole definition (a CRD) in the entity.
import { Entity } from '@backstage/catalog-model';
import { KubeObject, Reference } from './kube';
import { newDocument, readManifest } from './manifest';
import { plainSchema } from './schema';
import { templateName } from './templates';

/** Deeper fields are for those who read the definition itself. */
const DEEPEST = 4;

export type Field = { path: string; type: string; required: boolean; default?: string; description?: string };

export type Definition = {
  kind: string;
  version: string;
  deprecated: boolean;
  description?: string;
  template: string;
  schema: any;
};

/** The CRD that is an entity's definition; nothing for APIs of other kinds. */
export function definitionReference(entity: Entity): Reference | undefined {
  const spec: any = entity.spec;
  const name = spec?.type === 'crd' ? readManifest(String(spec.definition ?? ''))?.metadata?.name : undefined;
  return name && { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
}

/** The entity with this CRD as its definition. */
export function withDefinition(entity: Entity, crd: KubeObject): Entity {
  const { apiVersion, kind, metadata: { name }, spec } = crd;
  return { ...entity, spec: { ...entity.spec, definition: newDocument({ apiVersion, kind, metadata: { name }, spec }) } };
}

/** The definition in an entity; nothing if it has none that can be read. */
export function definitionOf(entity: Entity): Definition | undefined {
  const crd = readManifest(String((entity.spec as any)?.definition ?? ''));
  const version = entity.metadata.name.split('--').pop()!;
  const served = crd?.spec?.versions?.find((each: any) => each.name === version);
  if (!served) return undefined;
  const schema = served.schema?.openAPIV3Schema ?? {};
  return {
    kind: crd.spec.names.kind,
    version,
    deprecated: Boolean(served.deprecated),
    description: schema.description,
    template: templateName(crd.metadata.name, version),
    schema: plainSchema(schema.properties?.spec ?? { type: 'object' }),
  };
}

/** Every field that may be set, one line each. */
export function fieldsOf(schema: any, parent = 'spec', depth = 1): Field[] {
  return Object.entries<any>(schema.properties ?? {}).flatMap(([name, field]) => {
    const isList = field.type === 'array';
    const path = `${parent}.${name}${isList ? '[]' : ''}`;
    const inner = isList ? field.items ?? {} : field;
    const own: Field = {
      path,
      type: field.enum ? field.enum.join(', ') : isList ? `list of ${inner.type ?? 'values'}` : field.type ?? 'any',
      required: Boolean(schema.required?.includes(name)),
      default: field.default === undefined || typeof field.default === 'object' ? undefined : String(field.default),
      description: field.description,
    };
    return depth < DEEPEST ? [own, ...fieldsOf(inner, path, depth + 1)] : [own];
  });
}
