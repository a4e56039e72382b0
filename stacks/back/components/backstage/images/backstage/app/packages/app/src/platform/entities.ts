// What catalog entities are in the cluster, by the annotations that the Kubernetes ingestor gives them.
import { Entity } from '@backstage/catalog-model';

const INGESTOR = 'terasky.backstage.io';

const note = (entity: Entity, key: string) => entity.metadata.annotations?.[`${INGESTOR}/${key}`];

/** A composite (made by Crossplane) or a workload. */
export function isInCluster(entity: Entity): boolean {
  return hasManifest(entity) || note(entity, 'kubernetes-resource-kind') !== undefined;
}

/** A composite: what people order, with a manifest in Git. */
export function hasManifest(entity: Entity): boolean {
  return note(entity, 'composite-kind') !== undefined;
}

/** Whether something can be ordered beside it. */
export function isOrderable(entity: Entity): boolean {
  return entity.kind === 'System' || isInCluster(entity);
}

/** The namespace in the cluster that an entity lives in. */
export function clusterNamespace(entity: Entity): string | undefined {
  if (entity.kind === 'System') return entity.metadata.name;
  return entity.metadata.annotations?.['backstage.io/kubernetes-namespace'];
}

/** Its kind in the cluster, as `WebApp`. */
export function clusterKind(entity: Entity): string | undefined {
  return note(entity, 'composite-kind') ?? note(entity, 'kubernetes-resource-kind');
}

/** The page of an entity in the catalog. */
export function entityPath({ kind, metadata: { namespace = 'default', name } }: Entity): string {
  return `/catalog/${namespace}/${kind.toLowerCase()}/${name}`;
}

/** Annotations of templates made from composite APIs. */
export const template = {
  kind: (entity: Entity) => entity.metadata.annotations?.['backstack.dev/kind'],
  isNamespaced: (entity: Entity) => entity.metadata.annotations?.['backstack.dev/scope'] === 'Namespaced',
  warning: (entity: Entity) => entity.metadata.annotations?.['backstack.dev/deprecated'],
  path: (entity: Entity, values?: Record<string, unknown>) => {
    const query = values ? `?formData=${encodeURIComponent(JSON.stringify(values))}` : '';
    return `/create/templates/${entity.metadata.namespace ?? 'default'}/${entity.metadata.name}${query}`;
  },
};
