// The files that people order things with: where they lie in Git, and what is in them.
import { JsonObject, JsonValue } from '@backstage/types';
import { Document, parse, parseDocument } from 'yaml';
import { InputError } from '@backstage/errors';
import { KubeObject, Reference } from './objects';
import { isMap, tidyFields } from './schema';
import { CLUSTER_FOLDER } from './templates';

/** Names the group or person whose an object is, as the ingestor and the assistant read it. */
export const OWNER_ANNOTATION = 'terasky.backstage.io/owner';

/** Where a resource is filed: `<namespace>/<kind>/<name>.yaml`. */
export function manifestPath({ kind, namespace, name }: Reference): string {
  return `${namespace ?? CLUSTER_FOLDER}/${kind.toLowerCase()}/${name}.yaml`;
}

/** Where branches of changes to a resource start: their pull requests are found by it. */
export function branchPrefix(reference: Reference): string {
  return `portal/${manifestPath(reference).replace(/\.yaml$/, '')}/`;
}

/** What people order with, as it lies in Git. */
export type Manifest = KubeObject & { spec?: JsonObject };

export type Order = Reference & { spec?: JsonObject; composition?: string; owner?: string };

/** The text of a new manifest. */
export function newManifest(order: Order): string {
  const { apiVersion, kind, name, namespace, composition, owner } = order;
  const spec = tidyFields(order.spec ?? {});
  if (composition) spec.crossplane = { compositionRef: { name: composition } };
  const metadata = { name, ...(namespace ? { namespace } : {}), ...(owner ? { annotations: { [OWNER_ANNOTATION]: owner } } : {}) };
  return newDocument({ apiVersion, kind, metadata, spec });
}

/** An object as YAML. */
export function newDocument(object: object): string {
  return new Document(object).toString({ lineWidth: 0 });
}

/** A manifest with another `spec` and API version; comments and everything else in it stay. */
export function changedManifest(text: string, apiVersion: string, spec: JsonObject): string {
  const document = read(text);
  const { spec: before = {} } = document.toJS() as Manifest;
  document.set('apiVersion', apiVersion);
  const next = tidyFields(spec);
  // The form does not show Crossplane's own settings.
  if (before.crossplane && !next.crossplane) next.crossplane = before.crossplane;
  merge(document, ['spec'], before, next);
  return inStyleOf(text, document);
}

/** A manifest with one field set; comments and everything else in it stay. */
export function manifestWith(text: string, path: string[], value: JsonValue): string {
  const document = read(text);
  document.setIn(path, value);
  return inStyleOf(text, document);
}

/** As its author writes: whether there is space within braces, so that only what changes differs. */
function inStyleOf(text: string, document: Document): string {
  return document.toString({ lineWidth: 0, flowCollectionPadding: !/[{[][^\s}\]]/.test(text) });
}

function read(text: string): Document {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new InputError(`the file in Git is not valid YAML: ${document.errors[0].message}`);
  return document;
}

/** Sets what differs, field by field, so that comments of what stays are kept. */
function merge(document: Document, path: string[], before: JsonObject, after: JsonObject) {
  for (const key of Object.keys(before)) if (!(key in after)) document.deleteIn([...path, key]);
  for (const [key, value] of Object.entries(after)) {
    const old = before[key];
    if (isMap(old) && isMap(value)) merge(document, [...path, key], old, value);
    else if (JSON.stringify(old) !== JSON.stringify(value)) document.setIn([...path, key], value);
  }
}

/** The object in a manifest. */
export function readManifest<T extends KubeObject = Manifest>(text: string): T | undefined {
  return (parse(text) as T | null) ?? undefined;
}
