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

/** How deep composites are looked into: one that is made of others that are made of others. */
const DEPTH = 3;

/** The object, what Crossplane composed of it, and the ReplicaSets, Jobs and Pods that belong to those. */
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
  const workloads = parents.filter(each => ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'].includes(each.kind));
  const namespaces = new Set(workloads.map(each => each.metadata.namespace).filter(each => each !== undefined));
  const lists = [...namespaces].flatMap(namespace => [
    kube.list(`/apis/apps/v1/namespaces/${namespace}/replicasets`).then(items => typed(items, 'apps/v1', 'ReplicaSet')),
    kube.list(`/apis/batch/v1/namespaces/${namespace}/jobs`).then(items => typed(items, 'batch/v1', 'Job')),
    kube.list(`/api/v1/namespaces/${namespace}/pods`).then(items => typed(items, 'v1', 'Pod')),
  ]);
  const known = new Set(workloads.map(each => each.metadata.uid));
  const found: KubeObject[] = [];
  // Owners come before what they own: ReplicaSets and Jobs before Pods.
  for (const each of (await Promise.all(lists)).flat()) {
    if (each.metadata.ownerReferences?.some(owner => known.has(owner.uid)) && !known.has(each.metadata.uid)) {
      known.add(each.metadata.uid);
      found.push(each);
    }
  }
  return found;
}

/** Items of a list do not say what they are. */
function typed(items: KubeObject[], apiVersion: string, kind: string): KubeObject[] {
  return items.map(each => ({ ...each, apiVersion, kind }));
}
