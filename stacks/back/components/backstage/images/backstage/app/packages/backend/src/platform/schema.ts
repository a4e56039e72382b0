// Turns the OpenAPI schema of a custom resource into one that a form shows well.
import { JsonObject, JsonValue } from '@backstage/types';
import type { Schema } from '@backstack/common';

/** `WebApp` -> `Web App`, `minReplicas` -> `Min replicas`. */
export function words(name: string): string {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[-_]/g, ' ');
  if (/^[A-Z]/.test(name)) return spaced;
  const sentence = spaced.toLowerCase();
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

const KEPT = [
  'type', 'description', 'default', 'enum', 'format', 'pattern', 'minimum', 'maximum', 'exclusiveMinimum',
  'exclusiveMaximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems', 'multipleOf', 'required',
] as const satisfies (keyof Schema)[];

/** A copy with titles, and without what only Kubernetes understands. Crossplane's own fields are left out. */
export function plainSchema(schema: Schema): Schema {
  const plain: Schema = {};
  for (const key of KEPT) take(key, schema, plain);
  const told = [schema.description, ...conditions(schema)].filter(Boolean).join(' ');
  if (told) plain.description = told;
  // Sizes of integers are no formats that a form can check.
  if (['int32', 'int64', 'double', 'float'].includes(plain.format ?? '')) delete plain.format;
  if (schema['x-kubernetes-int-or-string']) plain.type = 'string';
  if (schema.properties) {
    const fields = Object.entries(schema.properties).filter(([name]) => name !== 'crossplane');
    fields.sort(([a, left], [b, right]) => rank(schema, a, left) - rank(schema, b, right));
    plain.properties = Object.fromEntries(fields.map(([name, field]) => [
      name,
      { title: field.title ?? words(name), ...plainSchema(field) },
    ]));
    plain.type ??= 'object';
  }
  if (schema.items) plain.items = plainSchema(schema.items);
  if (schema.additionalProperties && typeof schema.additionalProperties === 'object') {
    plain.additionalProperties = plainSchema(schema.additionalProperties);
  }
  return plain;
}

/** What fields have to do with each other. A form would make a choice of forms of it: it says it, and the platform checks it. */
function conditions({ oneOf = [], anyOf = [], properties = {}, 'x-kubernetes-validations': rules = [] }: Schema): string[] {
  const titles = (each: Schema) => (each.required ?? []).map(name => properties[name]?.title ?? words(name)).join(' and ');
  const choice = (many: Schema[], saying: string) => {
    const ways = many.map(titles);
    return ways.length > 1 && ways.every(Boolean) ? [`${saying}: ${ways.join(', or ')}.`] : [];
  };
  const sentences = rules.flatMap(({ message }) => (message ? [`${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.?$/, '.')}`] : []));
  return [...choice(oneOf, 'Exactly one of these'), ...choice(anyOf, 'At least one of these'), ...sentences];
}

function take<Key extends keyof Schema>(key: Key, from: Schema, to: Schema) {
  if (from[key] !== undefined) to[key] = from[key];
}

/** What must be filled in comes first, then single values, then lists and groups. */
function rank(parent: Schema, name: string, field: Schema): number {
  if (parent.required?.includes(name)) return 0;
  return ['object', 'array'].includes(field.type ?? '') ? 2 : 1;
}

/** Takes out what a form leaves behind: empty texts, lists and objects. */
export function tidy(value: JsonValue | undefined): JsonValue | undefined {
  if (value === '' || value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    const items = value.map(tidy).filter(each => each !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (!isMap(value)) return value;
  const kept = tidyFields(value);
  return Object.keys(kept).length > 0 ? kept : undefined;
}

/** The same of all fields; without any, an empty object. */
export function tidyFields(value: JsonObject): JsonObject {
  const fields = Object.entries(value).map(([name, field]) => [name, tidy(field)] as const);
  return Object.fromEntries(fields.filter(([, field]) => field !== undefined));
}

export function isMap(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
