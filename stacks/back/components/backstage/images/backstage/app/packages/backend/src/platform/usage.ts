// How a thing is used: where it answers, what it runs, and how a program comes to its data. Read from the shape of the
// objects that it is made of, by the conventions of Kubernetes and its operators; no kind of the platform is known here.
import type { Connection, Usage } from '@backstack/common';
import { addressesOf } from './addresses';
import { Kube } from './kube';
import { KubeObject } from './objects';
import { typed } from './resources';
import { isMap } from './schema';

type Container = { name?: string; image?: string };
type PodSpec = { containers?: Container[]; volumes?: { persistentVolumeClaim?: { claimName: string } }[] };
type PodTemplate = { metadata?: { labels?: Record<string, string> }; spec?: PodSpec };
export type Pod = KubeObject & {
  metadata: { deletionTimestamp?: string };
  spec?: PodSpec;
  status?: { phase?: string; conditions?: { type: string; status?: string }[] };
};
/** Whatever keeps a number of pods. */
type Keeper = KubeObject & {
  spec?: { replicas?: number; instances?: number; crossplane?: object; template?: PodTemplate; jobTemplate?: { spec?: { template?: PodTemplate } } };
  status?: { desiredNumberScheduled?: number };
};
type Service = KubeObject & { spec?: { selector?: Record<string, string> } };
type Ingress = KubeObject & { spec?: { rules?: { http?: { paths?: { backend?: { service?: { name: string } } }[] } }[] } };

/** How the thing that is made of these objects is used. */
export function usageOf(objects: KubeObject[], platformUrl: string): Usage {
  return {
    ...addressesOf(objects, platformUrl),
    images: imagesOf(objects),
    pods: podsOf(objects),
    connection: connectionOf(objects),
  };
}

/** These objects, and the Services and Ingresses that lead to their pods, whoever made those. */
export async function withDoors(kube: Kube, objects: KubeObject[]): Promise<KubeObject[]> {
  const known = new Set(objects.map(each => each.metadata.uid));
  const labels = objects.flatMap(labelled);
  const namespaces = new Set(labels.map(each => each.namespace));
  const found = await Promise.all([...namespaces].map(async namespace => {
    const services = typed(await kube.list<Service>(`/api/v1/namespaces/${namespace}/services`), 'v1', 'Service')
      .filter(({ spec }) => labels.some(each => each.namespace === namespace && selects(spec?.selector, each.labels)));
    const ingresses = typed(await kube.list<Ingress>(`/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`), 'networking.k8s.io/v1', 'Ingress')
      .filter(each => services.some(({ metadata }) => leadsTo(each, metadata.name)));
    return [...services, ...ingresses];
  }));
  return [...objects, ...found.flat().filter(each => !known.has(each.metadata.uid))];
}

/** The labels of the pods that an object is or makes. */
function labelled(object: KubeObject) {
  const labels = isPod(object) ? object.metadata.labels : templateOf(object)?.metadata?.labels;
  return labels ? [{ namespace: object.metadata.namespace ?? 'default', labels }] : [];
}

function selects(selector: Record<string, string> | undefined, labels: Record<string, string>): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

function leadsTo({ spec }: Ingress, service: string): boolean {
  return (spec?.rules ?? []).some(({ http }) => http?.paths?.some(({ backend }) => backend?.service?.name === service));
}

export function isPod(object: KubeObject): object is Pod {
  return object.kind === 'Pod' && object.apiVersion === 'v1';
}

function templateOf({ spec }: Keeper): PodTemplate | undefined {
  const template = spec?.template ?? spec?.jobTemplate?.spec?.template;
  return template?.spec?.containers ? template : undefined;
}

/** What is wanted; only where nothing says that, what runs. */
function imagesOf(objects: KubeObject[]): string[] {
  const told = objects.flatMap(each => (isOwnedByOneOf(objects, each) ? [] : templateOf(each)?.spec?.containers ?? []));
  const containers = told.length > 0 ? told : objects.filter(isPod).flatMap(each => each.spec?.containers ?? []);
  return [...new Set(containers.map(each => each.image).filter(each => each !== undefined))];
}

function podsOf(objects: KubeObject[]): Usage['pods'] {
  const keepers = objects.filter(each => wantedBy(objects, each) !== undefined);
  const tops = keepers.filter(each => !isOwnedByOneOf(keepers, each));
  if (tops.length === 0) return undefined;
  const wanted = tops.reduce((sum, each) => sum + (wantedBy(objects, each) ?? 0), 0);
  const kept = objects.filter(isPod).filter(each => isOwnedByOneOf(keepers, each));
  return { ready: Math.min(kept.filter(isReady).length, wanted), wanted };
}

/** How many pods an object keeps; nothing for what keeps none. An order only says what others then keep. */
function wantedBy(objects: KubeObject[], keeper: Keeper): number | undefined {
  const { spec, status } = keeper;
  if (spec?.crossplane) return undefined;
  const makesPods = templateOf(keeper) ?? objects.find(each => isPod(each) && isOwnedByOneOf([keeper], each));
  return makesPods && (status?.desiredNumberScheduled ?? spec?.replicas ?? spec?.instances);
}

function isOwnedByOneOf(owners: KubeObject[], { metadata }: KubeObject): boolean {
  const references = metadata.ownerReferences ?? [];
  // Orders own what they are made of, but say nothing of its pods.
  return references.some(({ uid }) => owners.some(each => each.metadata.uid === uid && !(each as Keeper).spec?.crossplane));
}

function isReady({ metadata, status }: Pod): boolean {
  return !metadata.deletionTimestamp && (status?.conditions ?? []).some(each => each.type === 'Ready' && each.status === 'True');
}

/** Names of the volumes with data: those that belong to it, and those that its pods mount. */
export function volumesOf(objects: KubeObject[]): string[] {
  const claims = objects.filter(each => each.kind === 'PersistentVolumeClaim').map(each => each.metadata.name);
  const specs = objects.flatMap(each => (isPod(each) ? [each.spec] : [templateOf(each)?.spec]));
  const mounted = specs.flatMap(spec => spec?.volumes ?? []).map(each => each.persistentVolumeClaim?.claimName);
  return [...new Set([...claims, ...mounted.filter(each => each !== undefined)])].sort();
}

/** Where operators and compositions say it, the usual place first: servicebinding.io's, then fields that speak for themselves. */
const SECRET = ['status.binding.name', 'status.secret', 'status.secretName', 'spec.writeConnectionSecretToRef.name'];
const FIELDS = {
  host: ['status.host', 'status.endpoint', 'status.hostname'],
  port: ['status.port', 'spec.port'],
  database: ['status.database', 'spec.database', 'spec.bootstrap.initdb.database'],
  user: ['status.user', 'status.username', 'spec.user', 'spec.bootstrap.initdb.owner'],
};

function connectionOf(objects: KubeObject[]): Connection | undefined {
  const secret = told(objects, SECRET);
  if (secret === undefined) return undefined;
  const fields = Object.entries(FIELDS).map(([name, paths]) => [name, told(objects, paths)]);
  return { secret, ...(Object.fromEntries(fields) as Omit<Connection, 'secret'>) };
}

/** The first of these fields that one of the objects has. */
function told(objects: KubeObject[], paths: string[]): string | undefined {
  for (const object of objects) {
    for (const path of paths) {
      const value = path.split('.').reduce<unknown>((part, key) => (isMap(part) ? part[key] : undefined), object);
      if (typeof value === 'string' || typeof value === 'number') return String(value);
    }
  }
  return undefined;
}
