// What stands behind a catalog entity in the cluster: its own object and all that was made of it.
import { Entity } from '@backstage/catalog-model';
import { Kube } from './kube';
import { Composite, KubeObject, Reference } from './objects';

const INGESTOR = 'terasky.backstage.io';

/** The object that an ingested entity stands for; nothing for entities of other origin. */
export function referenceOf(entity: Entity): Reference | undefined {
  const note = (key: string) => entity.metadata.annotations?.[`${INGESTOR}/${key}`];
  if (note('composite-kind')) {
    return {
      apiVersion: `${note('composite-group')}/${note('composite-version')}`,
      kind: note('composite-kind')!,
      name: note('composite-name')!,
      namespace: note('crossplane-scope') === 'Namespaced' ? note('composite-namespace') : undefined,
    };
  }
  if (!note('kubernetes-resource-kind')) return undefined;
  return {
    apiVersion: note('kubernetes-resource-api-version')!,
    kind: note('kubernetes-resource-kind')!,
    name: note('kubernetes-resource-name')!,
    namespace: note('kubernetes-resource-namespace') || undefined,
  };
}

/** Whether it stands for something that people order: a composite. */
export function isOrder(entity: Entity): boolean {
  return entity.metadata.annotations?.[`${INGESTOR}/composite-kind`] !== undefined;
}

/** How deep composites are looked into: one that is made of others that are made of others. */
const DEPTH = 3;

/** Kinds of what workloads and operators make. Owners come before what they own: ReplicaSets and Jobs before Pods. */
const BELONGING = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', plural: 'replicasets' },
  { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs' },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims' },
  { apiVersion: 'v1', kind: 'Service', plural: 'services' },
  { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
];

/** The object, what Crossplane composed of it, and what belongs to those: Pods, their volumes, an operator's Services. */
export async function family(kube: Kube, reference: Reference): Promise<KubeObject[]> {
  const own = await kube.object<Composite>(reference);
  if (!own) return [];
  const found = [own, ...(await composed(kube, own, DEPTH))];
  return [...found, ...(await descendants(kube, found))];
}

async function composed(kube: Kube, parent: Composite, depth: number): Promise<KubeObject[]> {
  const references = parent.spec?.crossplane?.resourceRefs ?? [];
  if (depth === 0) return [];
  const objects = await Promise.all(
    references.map(each => kube.object<Composite>({ ...each, namespace: each.namespace ?? parent.metadata.namespace })),
  );
  const present = objects.filter(each => each !== undefined);
  const deeper = await Promise.all(present.map(each => composed(kube, each, depth - 1)));
  return [...present, ...deeper.flat()];
}

async function descendants(kube: Kube, parents: KubeObject[]): Promise<KubeObject[]> {
  const namespaces = new Set(parents.map(each => each.metadata.namespace).filter(each => each !== undefined));
  const lists = [...namespaces].flatMap(namespace => BELONGING.map(async ({ apiVersion, kind, plural }) => {
    const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
    return typed(await kube.list(`${root}/namespaces/${namespace}/${plural}`), apiVersion, kind);
  }));
  const known = new Set(parents.map(each => each.metadata.uid));
  const found: KubeObject[] = [];
  for (const each of (await Promise.all(lists)).flat()) {
    if (each.metadata.ownerReferences?.some(owner => known.has(owner.uid)) && !known.has(each.metadata.uid)) {
      known.add(each.metadata.uid);
      found.push(each);
    }
  }
  return found;
}

/** Items of a list do not say what they are. */
export function typed<T extends KubeObject>(items: T[], apiVersion: string, kind: string): T[] {
  return items.map(each => ({ ...each, apiVersion, kind }));
}
