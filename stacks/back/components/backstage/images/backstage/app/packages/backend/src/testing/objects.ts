// Objects and entities that several tests begin with.
import { Entity } from '@backstage/catalog-model';
import { Version, Xrd } from '../platform/objects';

/** A composite API `App` of the group `example.org`. */
export function xrd(versions: Version[] = [{ name: 'v1', served: true }], changes: Partial<Xrd['spec']> = {}): Xrd {
  return {
    apiVersion: 'apiextensions.crossplane.io/v2',
    kind: 'CompositeResourceDefinition',
    metadata: { name: 'apps.example.org' },
    spec: { group: 'example.org', names: { kind: 'App' }, scope: 'Namespaced', versions, ...changes },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  };
}

/** What the ingestor makes of a composite `App`. */
export function ingested(name: string, namespace = 'demo'): Entity {
  const location = 'cluster origin: here';
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: {
      name,
      namespace,
      annotations: {
        'backstage.io/managed-by-location': location,
        'backstage.io/kubernetes-namespace': namespace,
        'terasky.backstage.io/composite-kind': 'App',
        'terasky.backstage.io/composite-group': 'example.org',
        'terasky.backstage.io/composite-version': 'v1',
        'terasky.backstage.io/composite-name': name,
        'terasky.backstage.io/composite-namespace': namespace,
        'terasky.backstage.io/crossplane-scope': 'Namespaced',
        'terasky.backstage.io/composition-name': 'app-default',
      },
    },
    spec: { type: 'crossplane-xr', owner: `group:${namespace}/developers`, lifecycle: 'production', system: 'demo' },
  };
}
