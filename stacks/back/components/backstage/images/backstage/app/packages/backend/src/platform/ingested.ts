// Catalog processor: small corrections to what the Kubernetes ingestor brings.
import { Entity } from '@backstage/catalog-model';
import { CatalogProcessor, CatalogProcessorEmit, LocationSpec, processingResult } from '@backstage/plugin-catalog-node';
import { definitionOf } from './definition';

const INGESTOR = 'terasky.backstage.io';
const OWNER = 'developers';

/**
 * The ingestor looks for an owner and for the API of a resource in the resource's own namespace; groups and APIs are
 * in `default`. Its texts name the cluster, of which there is one. It makes systems of some namespaces only: here each
 * namespace with something in it is one.
 */
export class IngestedProcessor implements CatalogProcessor {
  getProcessorName() {
    return 'backstack-ingested';
  }

  async preProcessEntity(entity: Entity, _location: LocationSpec, emit: CatalogProcessorEmit): Promise<Entity> {
    const notes = entity.metadata.annotations ?? {};
    if (!notes['backstage.io/managed-by-location']?.startsWith('cluster origin:')) return entity;
    if (entity.kind === 'API') return describedApi(entity);
    const spec: Record<string, any> = { ...entity.spec };
    if (typeof spec.owner === 'string' && spec.owner.endsWith(`/${OWNER}`)) spec.owner = `group:default/${OWNER}`;
    if (Array.isArray(spec.consumesApis)) {
      spec.consumesApis = spec.consumesApis.map(api => String(api).replace(/^[^/:]+\//, 'api:default/'));
    }
    const kind = notes[`${INGESTOR}/composite-kind`] ?? notes[`${INGESTOR}/kubernetes-resource-kind`];
    // What people order is of the type that they ordered, unless its manifest says another.
    if (kind && ['crossplane-xr', 'service'].includes(spec.type)) spec.type = kind.toLowerCase();
    // What belongs to no namespace belongs to no system.
    const namespace = notes[`${INGESTOR}/crossplane-scope`] === 'Cluster' ? undefined : notes['backstage.io/kubernetes-namespace'];
    delete spec.system;
    if (entity.kind === 'Component' && namespace) {
      spec.system = `system:default/${namespace}`;
      emit(processingResult.entity({ type: 'kubernetes', target: `namespaces/${namespace}` }, systemOf(namespace)));
    }
    const metadata = {
      ...entity.metadata,
      title: entity.metadata.title ?? entity.metadata.name,
      description: describe(entity) ?? entity.metadata.description,
      tags: entity.metadata.tags?.filter(tag => !/^(cluster|kind):/.test(tag)),
    };
    return { ...entity, metadata, spec: spec as Entity['spec'] };
  }
}

/** An API says what its definition says about itself: the ingestor gives it a name only. */
function describedApi(entity: Entity): Entity {
  const spec: Record<string, any> = { ...entity.spec, owner: 'group:default/platform-engineers' };
  // The ingestor names a system that nobody makes.
  delete spec.system;
  const found = definitionOf(entity);
  const metadata = found
    ? { ...entity.metadata, title: `${found.kind} ${found.version}`, description: found.description ?? `What may be ordered as ${found.kind}.` }
    : entity.metadata;
  return { ...entity, metadata, spec: spec as Entity['spec'] };
}

function systemOf(namespace: string): Entity {
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'System',
    metadata: { name: namespace, title: namespace, description: `What runs in the namespace ${namespace}.` },
    spec: { owner: `group:default/${OWNER}`, type: 'namespace' },
  };
}

function describe(entity: Entity): string | undefined {
  const note = (key: string) => entity.metadata.annotations?.[`${INGESTOR}/${key}`];
  if (note('description')) return undefined;
  const namespace = entity.metadata.annotations?.['backstage.io/kubernetes-namespace'];
  const where = namespace ? ` in the namespace ${namespace}` : '';
  if (note('composite-kind')) return `${note('composite-kind')}${where}, made by Crossplane with ${note('composition-name')}.`;
  return note('kubernetes-resource-kind') ? `${note('kubernetes-resource-kind')}${where}.` : undefined;
}
