// Catalog processor: small corrections to what the Kubernetes ingestor brings.
import { Entity } from '@backstage/catalog-model';
import { CatalogProcessor } from '@backstage/plugin-catalog-node';
import { JsonObject } from '@backstage/types';
import { definitionOf, definitionReference, withDefinition } from './definition';
import { Facts } from './facts';
import { Kube } from './kube';
import { Crd } from './objects';
import { referenceOf } from './resources';
import { Versions } from './versions';

/** What the location of an ingested entity starts with; the name of its cluster follows. */
export const CLUSTER_ORIGIN = 'cluster origin: ';
const INGESTOR = 'terasky.backstage.io';

export function isIngested(entity: Entity): boolean {
  return entity.metadata.annotations?.['backstage.io/managed-by-location']?.startsWith(CLUSTER_ORIGIN) ?? false;
}

/**
 * The ingestor looks for the API of a resource in the resource's own namespace; APIs are in `default`. Its texts name the cluster, of which there is one. Each namespace is a system, which `systems.ts` makes.
 */
export class IngestedProcessor implements CatalogProcessor {
  /** `inNamespace` hears of each namespace in which a component is. */
  constructor(
    private readonly kube: Kube,
    private readonly facts: Facts,
    private readonly inNamespace: (namespace: string) => Promise<void>,
    private readonly versions: Pick<Versions, 'of'>,
  ) {}

  getProcessorName() {
    return 'backstack-ingested';
  }

  async preProcessEntity(entity: Entity): Promise<Entity> {
    if (!isIngested(entity)) return entity;
    const notes = entity.metadata.annotations ?? {};
    if (entity.kind === 'API') return describedApi(await this.current(entity));
    const spec: JsonObject = { ...entity.spec };
    const reference = referenceOf(entity);
    if (reference) {
      spec.owner = this.facts.ownerOf(reference);
      spec.lifecycle = this.facts.lifecycleOf(reference) ?? spec.lifecycle;
    }
    const version = reference && this.versions.of(reference);
    if (Array.isArray(spec.consumesApis)) {
      // The ingestor names the version in which it happened to read the object.
      const named = (api: string) => api.replace(/^[^/:]+\//, 'api:default/').replace(/--v[0-9a-z]+$/, version ? `--${version}` : '$&');
      spec.consumesApis = spec.consumesApis.map(api => (typeof api === 'string' ? named(api) : api));
    }
    const kind = notes[`${INGESTOR}/composite-kind`] ?? notes[`${INGESTOR}/kubernetes-resource-kind`];
    // What people order is of the type that they ordered, unless its manifest says another.
    if (kind && (spec.type === 'crossplane-xr' || spec.type === 'service')) spec.type = kind.toLowerCase();
    // What belongs to no namespace belongs to no system.
    const namespace = notes[`${INGESTOR}/crossplane-scope`] === 'Cluster' ? undefined : notes['backstage.io/kubernetes-namespace'];
    delete spec.system;
    if (entity.kind === 'Component' && namespace) {
      spec.system = `system:default/${namespace}`;
      await this.inNamespace(namespace);
    }
    const metadata = {
      ...entity.metadata,
      title: entity.metadata.title ?? entity.metadata.name,
      description: describe(entity) ?? entity.metadata.description,
      tags: entity.metadata.tags?.filter(tag => !/^(cluster|kind):/.test(tag)),
      annotations: { ...notes, ...(await this.facts.annotationsOf(entity)) },
    };
    return { ...entity, metadata, spec };
  }

  /** An API with its definition as it is now: the ingestor brings the first one only. */
  private async current(entity: Entity): Promise<Entity> {
    const reference = definitionReference(entity);
    const crd = reference && (await this.kube.object<Crd>(reference));
    return crd ? withDefinition(entity, crd) : entity;
  }
}

/** An API says what its definition says about itself: the ingestor gives it a name only. */
function describedApi(entity: Entity): Entity {
  const spec: JsonObject = { ...entity.spec, owner: 'group:default/platform-engineers' };
  // The ingestor names a system that nobody makes.
  delete spec.system;
  const found = definitionOf(entity);
  if (found?.deprecated) spec.lifecycle = 'deprecated';
  const metadata = found
    ? { ...entity.metadata, title: `${found.kind} ${found.version}`, description: found.description ?? `What may be ordered as ${found.kind}.` }
    : entity.metadata;
  return { ...entity, metadata, spec };
}

function describe(entity: Entity): string | undefined {
  const note = (key: string) => entity.metadata.annotations?.[`${INGESTOR}/${key}`];
  if (note('description')) return undefined;
  const namespace = entity.metadata.annotations?.['backstage.io/kubernetes-namespace'];
  const where = namespace ? ` in the namespace ${namespace}` : '';
  if (note('composite-kind')) return `${note('composite-kind')}${where}, made by Crossplane with ${note('composition-name')}.`;
  return note('kubernetes-resource-kind') ? `${note('kubernetes-resource-kind')}${where}.` : undefined;
}
