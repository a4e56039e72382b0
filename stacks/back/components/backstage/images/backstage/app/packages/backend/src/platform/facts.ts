// What an entity tells of its object that the ingestor does not: whose it is, what it is for, what it runs.
import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { Kube } from './kube';
import { OWNER_ANNOTATION } from './manifest';
import { KubeObject, Reference } from './objects';
import { referenceOf } from './resources';
import { ENVIRONMENT_LABEL, PREFIX } from './templates';

/** The group that everything is of which nobody says whose it is. */
export const OWNER = 'group:default/developers';

const OWNER_LABEL = `${PREFIX}/owner`;
const LIFECYCLE_ANNOTATION = 'terasky.backstage.io/lifecycle';
const SELECTOR_ANNOTATION = 'backstage.io/kubernetes-label-selector';
/** On an entity: the image that its object asks for. */
const IMAGE_ANNOTATION = `${PREFIX}/image`;

type Told = { image?: string; selector?: string };

/** The metadata of an object: `null` if there is none, `undefined` if it is not known. */
export type Find = (reference: Reference) => KubeObject | null | undefined;

type Running = KubeObject & {
  spec?: {
    image?: unknown;
    selector?: { matchLabels?: Record<string, string> };
    template?: { spec?: { containers?: { image?: string }[] } };
  };
};

export class Facts {
  /** By entity: what its object runs, and in which state it was read. */
  private readonly known = new Map<string, { state: string; told: Told }>();

  constructor(private readonly kube: Kube, private readonly find: Find) {}

  /** What the object says, else its namespace, else nobody. */
  ownerOf(reference: Reference): string {
    return this.said(reference, owner) ?? OWNER;
  }

  /** What its namespace is for, unless the object says something else; nothing where neither says it. */
  lifecycleOf(reference: Reference): string | undefined {
    return this.said(reference, ({ metadata }, isNamespace) =>
      isNamespace ? metadata.labels?.[ENVIRONMENT_LABEL] : metadata.annotations?.[LIFECYCLE_ANNOTATION]);
  }

  ownerOfNamespace(name: string): string {
    const found = this.find({ apiVersion: 'v1', kind: 'Namespace', name });
    return (found && owner(found)) ?? OWNER;
  }

  /** Annotations that an entity gets. */
  async annotationsOf(entity: Entity): Promise<Record<string, string>> {
    const reference = referenceOf(entity);
    const { image, selector } = (reference && (await this.told(stringifyEntityRef(entity), reference))) ?? {};
    const annotations: Record<string, string> = {};
    if (image) annotations[IMAGE_ANNOTATION] = image;
    // Without it, the tab with pods and logs does not come; the ingestor gives it where an object has labels itself.
    if (selector && !entity.metadata.annotations?.[SELECTOR_ANNOTATION]) annotations[SELECTOR_ANNOTATION] = selector;
    return annotations;
  }

  /** What an object runs; it is read again only when it has changed. */
  private async told(entityRef: string, reference: Reference): Promise<Told | undefined> {
    const metadata = this.find(reference)?.metadata;
    const state = metadata && `${metadata.uid} ${metadata.generation}`;
    const before = this.known.get(entityRef);
    if (before && before.state === state) return before.told;
    const object = await this.kube.object<Running>(reference);
    if (!object) return undefined;
    const told = toldBy(object);
    if (state) this.known.set(entityRef, { state, told });
    return told;
  }

  private said(reference: Reference, read: (object: KubeObject, isNamespace: boolean) => string | undefined): string | undefined {
    const own = this.find(reference);
    const place = reference.namespace && this.find({ apiVersion: 'v1', kind: 'Namespace', name: reference.namespace });
    return (own ? read(own, false) : undefined) ?? (place ? read(place, true) : undefined);
  }
}

/** A bare name is that of a group. */
function owner({ metadata }: KubeObject): string | undefined {
  const said = metadata.annotations?.[OWNER_ANNOTATION] ?? metadata.labels?.[OWNER_LABEL];
  return said?.includes(':') ? said : said && `group:default/${said}`;
}

function toldBy({ spec }: Running): Told {
  const image = spec?.template?.spec?.containers?.[0]?.image ?? spec?.image;
  const labels = Object.entries(spec?.selector?.matchLabels ?? {});
  return {
    image: typeof image === 'string' ? image : undefined,
    selector: labels.map(([key, value]) => `${key}=${value}`).join(',') || undefined,
  };
}
