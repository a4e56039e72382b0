// The files that people order things with: where they lie in Git, and what is in them.
import { Document, parse, parseDocument } from 'yaml';
import { InputError } from '@backstage/errors';
import { Reference } from './kube';
import { tidy } from './schema';
import { CLUSTER_FOLDER } from './templates';

/** Where a resource is filed: `<namespace>/<kind>/<name>.yaml`. */
export function manifestPath({ kind, namespace, name }: Reference): string {
  return `${namespace ?? CLUSTER_FOLDER}/${kind.toLowerCase()}/${name}.yaml`;
}

/** Where branches of changes to a resource start: their pull requests are found by it. */
export function branchPrefix(reference: Reference): string {
  return `portal/${manifestPath(reference).replace(/\.yaml$/, '')}/`;
}

export type Order = Reference & { spec?: any; composition?: string };

/** The text of a new manifest. */
export function newManifest(order: Order): string {
  const { apiVersion, kind, name, namespace, composition } = order;
  const spec = tidy(order.spec) ?? {};
  if (composition) spec.crossplane = { compositionRef: { name: composition } };
  return newDocument({ apiVersion, kind, metadata: { name, ...(namespace ? { namespace } : {}) }, spec });
}

/** An object as YAML. */
export function newDocument(object: object): string {
  return new Document(object).toString({ lineWidth: 0 });
}

/** A manifest with another `spec` and API version; comments and everything else in it stay. */
export function changedManifest(text: string, apiVersion: string, spec: any): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new InputError(`the file in Git is not valid YAML: ${document.errors[0].message}`);
  const before = document.toJS();
  document.set('apiVersion', apiVersion);
  const next: any = tidy(spec) ?? {};
  // The form does not show Crossplane's own settings.
  if (before.spec?.crossplane && !next.crossplane) next.crossplane = before.spec.crossplane;
  merge(document, ['spec'], before.spec ?? {}, next);
  return document.toString({ lineWidth: 0 });
}

/** Sets what differs, field by field, so that comments of what stays are kept. */
function merge(document: Document, path: string[], before: any, after: any) {
  for (const key of Object.keys(before)) if (!(key in after)) document.deleteIn([...path, key]);
  for (const [key, value] of Object.entries(after)) {
    const old = before[key];
    if (isMap(old) && isMap(value)) merge(document, [...path, key], old, value);
    else if (JSON.stringify(old) !== JSON.stringify(value)) document.setIn([...path, key], value);
  }
}

function isMap(value: any): value is Record<string, any> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in a manifest. */
export function readManifest(text: string): any {
  return parse(text);
}
