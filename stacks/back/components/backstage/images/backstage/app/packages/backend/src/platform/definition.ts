// What an API of the catalog says about itself: the ingestor keeps the whole definition (a CRD) in the entity.
import { Entity } from '@backstage/catalog-model';
import { JsonValue } from '@backstage/types';
import type { Field, Schema } from '@backstack/common';
import { newDocument, readManifest } from './manifest';
import { Crd, Reference } from './objects';
import { plainSchema } from './schema';
import { templateName } from './templates';

/** Deeper fields are for those who read the definition itself. */
const DEEPEST = 4;

export type Definition = {
  kind: string;
  version: string;
  deprecated: boolean;
  description?: string;
  template: string;
  schema: Schema;
};

/** The CRD that is an entity's definition; nothing for APIs of other kinds. */
export function definitionReference(entity: Entity): Reference | undefined {
  const name = entity.spec?.type === 'crd' ? crdIn(entity)?.metadata?.name : undefined;
  return name === undefined ? undefined : { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
}

/** The entity with this CRD as its definition. */
export function withDefinition(entity: Entity, crd: Crd): Entity {
  const { apiVersion, kind, metadata: { name }, spec } = crd;
  return { ...entity, spec: { ...entity.spec, definition: newDocument({ apiVersion, kind, metadata: { name }, spec }) } };
}

/** The definition in an entity; nothing if it has none that can be read. */
export function definitionOf(entity: Entity): Definition | undefined {
  const crd = crdIn(entity);
  const version = entity.metadata.name.split('--').pop();
  const served = crd?.spec?.versions?.find(each => each.name === version);
  if (!crd || !served) return undefined;
  const schema = served.schema?.openAPIV3Schema ?? {};
  return {
    kind: crd.spec.names.kind,
    version: served.name,
    deprecated: Boolean(served.deprecated),
    description: schema.description,
    template: templateName(crd.metadata.name, served.name),
    schema: plainSchema(schema.properties?.spec ?? { type: 'object' }),
  };
}

function crdIn(entity: Entity): Crd | undefined {
  const text = entity.spec?.definition;
  return typeof text === 'string' ? readManifest<Crd>(text) : undefined;
}

/** Every field that may be set, one line each. */
export function fieldsOf(schema: Schema, parent = 'spec', depth = 1): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const isList = field.type === 'array';
    const path = `${parent}.${name}${isList ? '[]' : ''}`;
    const inner = isList ? field.items ?? {} : field;
    const own: Field = {
      path,
      type: typeOf(field),
      required: Boolean(schema.required?.includes(name)),
      default: plainText(field.default),
      description: field.description,
    };
    return depth < DEEPEST ? [own, ...fieldsOf(inner, path, depth + 1)] : [own];
  });
}

function typeOf(field: Schema): string {
  if (field.enum) return field.enum.map(plainText).join(', ');
  return field.type === 'array' ? `list of ${field.items?.type ?? 'values'}` : field.type ?? 'any';
}

/** A single value as text; nothing for lists and objects. */
function plainText(value: JsonValue | undefined): string | undefined {
  return value === undefined || typeof value === 'object' ? undefined : String(value);
}
