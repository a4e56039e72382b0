// Makes a software template of every version of every composite API (XRD) that can be ordered.
import { Entity } from '@backstage/catalog-model';
import { namespaceField, Rule } from './namespaceField';
import { Composition, KubeObject, Version, Xrd } from './objects';
import { plainSchema, words } from './schema';

/** What templates and entities of ours are annotated with. */
export const PREFIX = 'backstack.dev';

/** Namespaces that apps may go to carry this label; its value says what they are for. */
export const ENVIRONMENT_LABEL = 'backstack.dev/environment';

/** What a cluster-wide resource is filed under in Git, where others have their namespace. */
export const CLUSTER_FOLDER = 'cluster';

export type Offer = {
  xrd: Xrd;
  /** Compositions that can make it. */
  compositions: Composition[];
  /** Namespaces that apps may go to. */
  namespaces: KubeObject[];
  /** Which namespaces an order may make. */
  rule?: Rule;
};

/** Whether Crossplane serves the API of an XRD by now. */
export function isEstablished(xrd: Xrd): boolean {
  const conditions = xrd.status?.conditions ?? [];
  return conditions.some(each => each.type === 'Established' && each.status === 'True');
}

/** Whether people may order it: one with the label `false` is only for other APIs to be made of. */
export function isOffered(xrd: Xrd): boolean {
  return xrd.metadata.labels?.[`${PREFIX}/offered`] !== 'false';
}

/** The version to order today: the newest that is served and not deprecated. */
export function currentVersion(xrd: Xrd): Version | undefined {
  const served = (xrd.spec.versions ?? []).filter(each => each.served);
  const sorted = served.sort((a, b) => compareVersions(b.name, a.name));
  return sorted.find(each => !each.deprecated) ?? sorted[0];
}

/** Kubernetes' own order: v2 > v1 > v1beta2 > v1beta1 > v1alpha1. */
export function compareVersions(a: string, b: string): number {
  const rank = (name: string) => {
    const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(name);
    if (!parts) return [-1, 0, 0];
    return [{ alpha: 0, beta: 1 }[parts[2]] ?? 2, Number(parts[1]), Number(parts[3] ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : left[at] - right[at];
}

/** The template of each served version. */
export function templatesOf(offer: Offer): Entity[] {
  const current = currentVersion(offer.xrd);
  return (offer.xrd.spec.versions ?? [])
    .filter(version => version.served)
    .map(version => template(offer, version, current));
}

function template(offer: Offer, version: Version, current?: Version): Entity {
  const { xrd } = offer;
  const { group, names } = xrd.spec;
  const namespaced = xrd.spec.scope === 'Namespaced';
  const warning = deprecation(version, current, names.kind);
  const about = xrd.metadata.annotations?.[`${PREFIX}/description`] ?? version.schema?.openAPIV3Schema?.description;
  const description = about ?? `${article(names.kind)}, made by Crossplane.`;
  const title = xrd.metadata.annotations?.[`${PREFIX}/title`] ?? words(names.kind);
  return {
    apiVersion: 'scaffolder.backstage.io/v1beta3',
    kind: 'Template',
    metadata: {
      name: templateName(xrd.metadata.name, version.name),
      title: warning ? `${title} (${version.name}, deprecated)` : title,
      description: warning ? `${warning} ${description}` : description,
      tags: [version.name, namespaced ? 'namespaced' : 'cluster-wide', ...(warning ? ['deprecated'] : [])],
      annotations: {
        [`${PREFIX}/api-version`]: `${group}/${version.name}`,
        [`${PREFIX}/kind`]: names.kind,
        [`${PREFIX}/scope`]: namespaced ? 'Namespaced' : 'Cluster',
        ...(warning ? { [`${PREFIX}/deprecated`]: warning } : {}),
      },
    },
    spec: {
      type: warning ? 'deprecated' : 'resource',
      lifecycle: warning ? 'deprecated' : 'production',
      owner: 'group:default/platform-engineers',
      parameters: [place(offer, namespaced, warning), settings(offer, version)],
      steps: [
        {
          id: 'order',
          name: 'Open a pull request',
          action: 'backstack:order',
          input: {
            apiVersion: `${group}/${version.name}`,
            kind: names.kind,
            name: '${{ parameters.name }}',
            ...(namespaced ? { namespace: '${{ parameters.namespace }}' } : {}),
            composition: '${{ parameters.composition }}',
            owner: '${{ parameters.owner }}',
            spec: '${{ parameters.spec }}',
          },
        },
      ],
      output: {
        links: [{ title: 'Open the pull request', url: '${{ steps.order.output.url }}', icon: 'externalLink' }],
        text: [{ title: 'What happens next', default: true, content: NEXT }],
      },
    },
  };
}

/** Name of the template of an API's version: the one that the Kubernetes ingestor gives such a template. */
export function templateName(definition: string, version: string): string {
  return `${definition}-${version}`;
}

const NEXT =
  'Your order is [pull request ${{ steps.order.output.number }}](${{ steps.order.output.url }}). ' +
  'When somebody has approved and merged it, Argo CD brings it into the cluster, Crossplane makes what it needs, ' +
  'and it appears in the catalog, usually within a minute.';

/** Whose it shall be, of the groups of the catalog. */
const OWNER_FIELD = {
  title: 'Owner',
  type: 'string',
  description: 'The group that looks after it. Left empty, it is that of the namespace.',
  'ui:field': 'EntityPicker',
  'ui:options': { allowArbitraryValues: false, catalogFilter: [{ kind: 'Group', 'spec.type': 'team' }] },
};

/** The first page of the form: what it is called and where it goes. */
function place({ xrd, namespaces, rule }: Offer, namespaced: boolean, warning?: string) {
  const kind = words(xrd.spec.names.kind);
  const name = {
    title: 'Name',
    type: 'string',
    description: 'Lower-case letters, digits and dashes.',
    pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
    maxLength: 40,
    'ui:autofocus': true,
    'ui:placeholder': `my-${xrd.spec.names.kind.toLowerCase()}`,
  };
  const namespace = namespaceField(namespaces, rule);
  return {
    title: `Your ${kind}`,
    description: warning ? `⚠ ${warning}` : undefined,
    required: namespaced ? ['name', 'namespace'] : ['name'],
    properties: namespaced ? { name, namespace, owner: OWNER_FIELD } : { name, owner: OWNER_FIELD },
  };
}

/** The second page: the composition, where there is a choice, and every field of `spec`. */
function settings({ xrd, compositions }: Offer, version: Version) {
  const spec = plainSchema(version.schema?.openAPIV3Schema?.properties?.spec ?? { type: 'object' });
  const made = compositions.filter(each => each.spec.compositeTypeRef?.kind === xrd.spec.names.kind);
  const said = (each: KubeObject, what: string) => each.metadata.annotations?.[`${PREFIX}/${what}`];
  const label = (each: KubeObject) =>
    [said(each, 'title') ?? each.metadata.name, said(each, 'description')].filter(Boolean).join(': ');
  const composition = {
    title: 'How it is made',
    type: 'string',
    description: 'The composition that turns this order into Kubernetes resources.',
    enum: made.map(each => each.metadata.name),
    enumNames: made.map(label),
    default: xrd.spec.defaultCompositionRef?.name ?? made[0]?.metadata.name,
  };
  return {
    title: 'Settings',
    description: 'What it should be like. Empty fields keep their defaults.',
    properties: {
      spec: { ...spec, title: ' ', description: undefined },
      ...(made.length > 1 ? { composition } : {}),
    },
  };
}

/** Why a version should not be ordered any more; nothing if it may be. */
export function deprecation(version: Version, current: Version | undefined, kind: string): string | undefined {
  if (!version.deprecated) return undefined;
  const warning = version.deprecationWarning ?? `${kind} ${version.name} is deprecated.`;
  if (!current || current.name === version.name || version.deprecationWarning?.includes(current.name)) return warning;
  return `${warning} Use ${current.name} instead.`;
}

function article(kind: string): string {
  return `${/^[AEIOU]/.test(kind) ? 'An' : 'A'} ${words(kind)}`;
}
