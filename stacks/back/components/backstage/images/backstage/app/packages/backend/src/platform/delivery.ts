// What Argo CD says about an entity. Read from its Application objects: no token of Argo CD is needed.
import { Entity } from '@backstage/catalog-model';
import { ConflictError, NotFoundError } from '@backstage/errors';
import { JsonObject, JsonValue } from '@backstage/types';
import type { Applied, Delivery, DeliveryDetails } from '@backstack/common';
import { differenceOf } from './difference';
import { Gitea } from './gitea';
import { Kube } from './kube';
import { newDocument, readManifest } from './manifest';
import { Application, ApplicationStatus, KubeObject, Reference } from './objects';
import { family } from './resources';
import { isMap } from './schema';
import { byThing } from './states';
import { treeOf } from './tree';

type Platform = { kube: Kube; gitea: Gitea };
type Resource = NonNullable<ApplicationStatus['resources']>[number];

const APPLICATIONS = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
/** Argo CD looks at an Application anew when it has this, and takes it off. */
const REFRESH = 'argocd.argoproj.io/refresh';

/** All Applications, what is wrong first; `entities` are those that they may bring. */
export async function deliveries(kube: Kube, argoUrl?: string, entities: Entity[] = []): Promise<Delivery[]> {
  const things = byThing(entities);
  const found = (await kube.list<Application>(APPLICATIONS)).map(application => ({
    ...summary(application, argoUrl),
    entity: (application.status?.resources ?? []).map(each => things.get(typedResource(each))).find(each => each !== undefined),
  }));
  const rank = ({ sync, health }: Delivery) => Number(sync === 'Synced') + Number(health === 'Healthy');
  return found.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** The Application that brings an object into the cluster; nothing if none does. */
export async function deliveryOf({ kube, gitea }: Platform, argoUrl: string | undefined, reference: Reference): Promise<Delivery | undefined> {
  const application = await applicationOf(kube, reference);
  if (!application) return undefined;
  const [commit] = await historyOf(gitea, application);
  return { ...summary(application, argoUrl), commit };
}

/** What its file was, what was made of it, and where the cluster differs from Git. */
export async function deliveryDetails({ kube, gitea }: Platform, reference: Reference): Promise<DeliveryDetails> {
  const application = await applicationOf(kube, reference);
  const [history, objects] = await Promise.all([application ? historyOf(gitea, application) : [], family(kube, reference)]);
  const comparison = application ? await compared(gitea, application, objects[0]) : { difference: [] };
  return { history, tree: treeOf(objects), ...comparison };
}

/** Has Argo CD apply what Git says now, in the name of a person. */
export async function sync(kube: Kube, name: string, user: string): Promise<void> {
  const path = `${APPLICATIONS}/${encodeURIComponent(name)}`;
  const application = await kube.get<Application>(path);
  if (!application) throw new NotFoundError(`Argo CD has no application ${name}`);
  if (isSyncing(application)) throw new ConflictError(`${name} is being synced already`);
  const { automated, syncOptions } = application.spec.syncPolicy ?? {};
  await kube.merge(path, {
    metadata: { annotations: { [REFRESH]: 'normal' } },
    operation: {
      initiatedBy: { username: user },
      info: [{ name: 'Reason', value: 'asked for in the portal' }],
      sync: { prune: automated?.prune ?? false, ...(syncOptions ? { syncOptions } : {}) },
    },
  });
}

async function applicationOf(kube: Kube, reference: Reference): Promise<Application | undefined> {
  const group = reference.apiVersion.includes('/') ? reference.apiVersion.split('/')[0] : '';
  const manages = (each: Resource) =>
    each.kind === reference.kind && each.name === reference.name && (each.group ?? '') === group
    && (each.namespace ?? undefined) === reference.namespace;
  const all = await kube.list<Application>(APPLICATIONS);
  return all.find(({ status }) => (status?.resources ?? []).some(manages));
}

function summary(application: Application, argoUrl?: string): Delivery {
  const { metadata, spec, status } = application;
  const { name, namespace } = metadata;
  return {
    name,
    project: spec.project,
    sync: status?.sync?.status ?? 'Unknown',
    health: status?.health?.status ?? 'Unknown',
    repository: repositoryOf(application),
    path: pathOf(application),
    message: problem(status),
    syncedAt: status?.operationState?.finishedAt,
    isSyncing: isSyncing(application),
    differing: (status?.resources ?? []).filter(each => each.status === 'OutOfSync').map(each => typedResource(each).replace(':', ' ')),
    url: argoUrl && `${argoUrl}/applications/${namespace}/${name}`,
  };
}

function typedResource({ kind, namespace, name }: Resource): string {
  return `${kind}:${namespace ? `${namespace}/` : ''}${name}`;
}

function isSyncing({ operation, status }: Application): boolean {
  return operation !== undefined || status?.operationState?.phase === 'Running';
}

function sourceOf({ spec }: Application) {
  return spec.source ?? spec.sources?.[0] ?? {};
}

function pathOf(application: Application): string | undefined {
  const { path, directory } = sourceOf(application);
  return [path, directory?.include].filter(Boolean).join('/') || undefined;
}

/** Organisation and name, out of an address. */
function repositoryOf(application: Application): string | undefined {
  return /([^/]+\/[^/]+?)(?:\.git)?$/.exec(sourceOf(application).repoURL ?? '')?.[1];
}

async function historyOf(gitea: Gitea, application: Application): Promise<Applied[]> {
  const [repository, path] = [repositoryOf(application), pathOf(application)];
  if (!repository || !path) return [];
  const applied = new Map((application.status?.history ?? []).map(each => [each.revision, each.deployedAt]));
  const commits = await gitea.of(repository).history(path === '.' ? '' : path);
  return commits.map(each => ({ ...each, appliedAt: applied.get(each.sha) }));
}

/** The fields that Git says something of, as they are in the cluster and as they are in Git. */
async function compared(gitea: Gitea, application: Application, live?: KubeObject): Promise<Pick<DeliveryDetails, 'difference' | 'hindrance'>> {
  const [repository, path] = [repositoryOf(application), pathOf(application)];
  const file = repository && path && /\.ya?ml$/.test(path) ? await gitea.of(repository).file(path) : undefined;
  if (!file) return { difference: [], hindrance: 'It comes from a folder of files, which are compared by Argo CD alone.' };
  try {
    const wanted = readManifest(file.content) as JsonObject | undefined;
    const there = live && wanted ? { ...(likewise(live, wanted) as JsonObject), kind: live.kind } : undefined;
    return { difference: differenceOf(there ? newDocument(sorted(there) as object) : '', wanted ? newDocument(sorted(wanted) as object) : '') };
  } catch (error) {
    return { difference: [], hindrance: `${path} cannot be read: ${error instanceof Error ? error.message : 'it is no YAML'}` };
  }
}

/** Of a value, what another one has, too: the rest was filled in by the cluster. */
function likewise(there: JsonValue | undefined, wanted: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(there) && Array.isArray(wanted)) return there.map((each, index) => likewise(each, wanted[index] ?? each)!);
  if (!isMap(there) || !isMap(wanted)) return there;
  const fields = Object.keys(wanted).filter(name => there[name] !== undefined);
  return Object.fromEntries(fields.map(name => [name, likewise(there[name], wanted[name])]));
}

/** With fields in one order: which one they were written in is no difference. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map(name => [name, sorted(value[name]!)]));
}

/** Why an application is not as it should be, in Argo CD's own words. */
function problem(status?: ApplicationStatus): string | undefined {
  const error = status?.conditions?.find(each => /Error|Warning/.test(each.type));
  if (error) return error.message;
  const operation = status?.operationState;
  // While Argo CD tries again, it says so in the message; only then does the message tell of a failure.
  const isRetrying = operation?.phase === 'Running' && /Retrying attempt/.test(operation.message ?? '');
  if (operation && (isRetrying || ['Failed', 'Error'].includes(operation.phase ?? ''))) {
    const failed = operation.syncResult?.resources?.find(each => each.status === 'SyncFailed');
    return failed?.message ?? operation.message;
  }
  return status?.health?.message;
}
