// What a filled in form would do, told before it is sent: the file that it writes, and what the platform's judge says of it.
import { Entity } from '@backstage/catalog-model';
import { InputError, NotFoundError, stringifyError } from '@backstage/errors';
import { JsonObject } from '@backstage/types';
import type { Finding, Preview } from '@backstack/common';
import { changed } from './change';
import { differenceOf } from './difference';
import { effectsOf, findingsOf } from './findings';
import { Gitea } from './gitea';
import { Judge } from './judge';
import { Kube } from './kube';
import { manifestPath, manifestWith, newManifest, Order, readManifest } from './manifest';
import { Reference } from './objects';
import { isMap } from './schema';
import { PREFIX } from './templates';

type Platform = { kube: Kube; gitea: Gitea; judge: Pick<Judge, 'preview'> };

/** Longer ones, and others, Kubernetes refuses: the form says it by itself. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What an order would do: the values of a template's form. */
export async function previewOrder({ gitea, judge }: Platform, template: Entity, values: unknown): Promise<Preview> {
  const order = orderOf(template, values);
  const path = manifestPath(order);
  const text = newManifest(order);
  const preview = { path, text, lines: differenceOf('', text), findings: [], effects: [] };
  if (await gitea.file(path)) {
    const words = `${order.kind} ${order.name} exists already: change it on its own page, or choose another name.`;
    return { ...preview, findings: [{ field: 'metadata.name', words, refuses: true }] };
  }
  // On the first page of the form there is nothing to judge yet.
  return order.spec ? { ...preview, ...(await judged(gitea, judge, order, path, text)) } : preview;
}

/** What a change would do; `body` is what the form would send. */
export async function previewChange({ kube, gitea, judge }: Platform, reference: Reference, body: unknown): Promise<Preview> {
  const { path, before, after } = await changed({ kube, gitea }, reference, body);
  const preview = { path, text: after, lines: differenceOf(before, after), findings: [], effects: [] };
  return before === after ? preview : { ...preview, ...(await judged(gitea, judge, reference, path, after)) };
}

function orderOf(template: Entity, values: unknown): Order {
  const note = (key: string) => template.metadata.annotations?.[`${PREFIX}/${key}`];
  const [apiVersion, kind] = [note('api-version'), note('kind')];
  if (!apiVersion || !kind) throw new NotFoundError(`the template ${template.metadata.name} orders nothing that could be judged`);
  const { name, namespace, composition, owner, spec } = isMap(values) ? values : {};
  const isNamespaced = note('scope') === 'Namespaced';
  if (!isName(name) || (isNamespaced && !isName(namespace))) throw new InputError('expected a name and a namespace as Kubernetes takes them');
  const words = (value: unknown) => (typeof value === 'string' && value ? value : undefined);
  return {
    apiVersion, kind, name, namespace: isNamespaced ? words(namespace) : undefined,
    composition: words(composition), owner: words(owner), spec: isMap(spec) ? spec : undefined,
  };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}

async function judged(gitea: Gitea, judge: Platform['judge'], { namespace }: Reference, path: string, text: string): Promise<Said> {
  try {
    const object = (readManifest(text) ?? {}) as JsonObject & { metadata?: { namespace?: string } };
    // In Git, the folder may be all that names the namespace.
    const placed = namespace && !object.metadata?.namespace ? manifestWith(text, ['metadata', 'namespace'], namespace) : text;
    const preview = await judge.preview(placed, `${gitea.repository.split('/').pop()}:${path}`);
    return { findings: findingsOf(preview, object), effects: effectsOf(preview) };
  } catch (error) {
    return { findings: [], effects: [], silent: stringifyError(error).replace(/^\w+Error: /, '') };
  }
}

type Said = { findings: Finding[]; effects: string[]; silent?: string };
