// Turns the OpenAPI schema of a custom resource into one that a form shows well.

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
];

/** A copy with titles, and without what only Kubernetes understands. Crossplane's own fields are left out. */
export function plainSchema(schema: any): any {
  const plain: any = {};
  for (const key of KEPT) if (schema[key] !== undefined) plain[key] = schema[key];
  // Sizes of integers are no formats that a form can check.
  if (['int32', 'int64', 'double', 'float'].includes(plain.format)) delete plain.format;
  if (schema['x-kubernetes-int-or-string']) plain.type = 'string';
  if (schema.properties) {
    const fields = Object.entries(schema.properties).filter(([name]) => name !== 'crossplane');
    fields.sort(([a, left], [b, right]) => rank(schema, a, left) - rank(schema, b, right));
    plain.properties = Object.fromEntries(fields.map(([name, field]: [string, any]) => [
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

/** What must be filled in comes first, then single values, then lists and groups. */
function rank(parent: any, name: string, field: any): number {
  if (parent.required?.includes(name)) return 0;
  return ['object', 'array'].includes(field.type) ? 2 : 1;
}

/** Takes out what a form leaves behind: empty texts, lists and objects. */
export function tidy(value: any): any {
  if (value === '' || value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    const items = value.map(tidy).filter(each => each !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (typeof value !== 'object') return value;
  const fields = Object.entries(value).map(([name, field]) => [name, tidy(field)] as const);
  const kept = fields.filter(([, field]) => field !== undefined);
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}
