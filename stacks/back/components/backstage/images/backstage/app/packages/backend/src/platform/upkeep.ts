// Keeps what the Kubernetes ingestor brought as the cluster has it. The ingestor brings an entity once and does not
// look at it again, and what it brought it forgets with its process.
import { LoggerService } from '@backstage/backend-plugin-api';
import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { stringifyError } from '@backstage/errors';
import { EventsService } from '@backstage/plugin-events-node';
import { definitionReference } from './definition';
import { CLUSTER_ORIGIN } from './ingested';
import { KubeObject, Reference } from './objects';
import { referenceOf } from './resources';
import { Versions } from './versions';
import { Watches } from './watch';

/** Milliseconds that an object is missed before its entity goes: one that is replaced is away for a moment. */
const GONE = 10_000;
/** On an object: it shall not be in the catalog. */
const EXCLUDED = 'terasky.backstage.io/exclude-from-catalog';
/** Milliseconds until the next look while something is missed. */
const MISSING = 5_000;

export type Parts = {
  watches: Watches;
  events: EventsService;
  /** Where the ingestor hears of changes (`kubernetesIngestor.events.topic`). */
  topic: string;
  /** The entities of this kind in the catalog that were brought from the cluster. */
  ingested: (kind: string) => Promise<Entity[]>;
  /** Renews the systems, given the components; says after how many milliseconds it would do so again, if at all. */
  systems: (components: Entity[]) => Promise<number | undefined>;
  versions: Pick<Versions, 'of'>;
  /** Has an entity processed anew. */
  process: (entityRef: string) => Promise<void>;
  logger: LoggerService;
};

export class Upkeep {
  private readonly states = new Map<string, string>();
  /** Since when an object has been missed, and whether that was logged. */
  private readonly misses = new Map<string, { since: number; isTold: boolean }>();
  /** Of entities: what their namespace said when they were processed. */
  private readonly places = new Map<string, string>();
  /** Of entities: the version of their API when they were processed. */
  private readonly named = new Map<string, string>();
  /** The components that were there at the last look. */
  private before = new Map<string, Entity>();

  constructor(private readonly parts: Parts) {}

  /**
   * Compares every entity with its object; says after how many milliseconds it should look again, if at all. Never
   * throws: the next look makes good what this one could not.
   */
  async look(): Promise<number | undefined> {
    let again: number | undefined;
    try {
      const [components, apis] = await Promise.all([this.parts.ingested('Component'), this.parts.ingested('API')]);
      again = await this.parts.systems(components);
      await this.components(components);
      await this.lost(components);
      await this.apis(apis);
      this.forget(new Set([...components, ...apis].map(each => stringifyEntityRef(each))));
    } catch (error) {
      this.parts.logger.warn(`the catalog was not compared with the cluster: ${stringifyError(error)}`);
    }
    return this.misses.size > 0 ? Math.min(MISSING, again ?? MISSING) : again;
  }

  private async components(entities: Entity[]) {
    for (const entity of entities) {
      const reference = referenceOf(entity);
      const found = reference && this.parts.watches.find(reference);
      if (!reference || found === undefined) continue;
      const entityRef = stringifyEntityRef(entity);
      if (found === null) await this.missed(entity, entityRef, reference);
      else if (this.isNew(entityRef, stateOf(found))) await this.tell(entity, reference, { action: 'upsert' });
      if (found && (this.isPlaceNew(entityRef, reference) || this.isVersionNew(entityRef, reference))) await this.parts.process(entityRef);
    }
  }

  /** Whose things are, and what for, their namespace may say. */
  private isPlaceNew(entityRef: string, { namespace }: Reference): boolean {
    const found = namespace && this.parts.watches.find({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    const state = found ? JSON.stringify([found.metadata.labels, found.metadata.annotations]) : this.places.get(entityRef);
    if (this.places.get(entityRef) === state || state === undefined) return false;
    this.places.set(entityRef, state);
    return true;
  }

  /** Whether another version of its API counts than the one that it names. */
  private isVersionNew(entityRef: string, reference: Reference): boolean {
    const version = this.parts.versions.of(reference);
    if (version === undefined || this.named.get(entityRef) === version) return false;
    this.named.set(entityRef, version);
    return true;
  }

  private async missed(entity: Entity, entityRef: string, reference: Reference) {
    const miss = this.misses.get(entityRef) ?? { since: Date.now(), isTold: false };
    this.misses.set(entityRef, miss);
    if (Date.now() - miss.since < GONE) return;
    if (!miss.isTold) this.parts.logger.info(`${entityRef} leaves the catalog: its ${reference.kind} is gone`);
    miss.isTold = true;
    // Again with each look: until it has synchronized once, the ingestor takes no word.
    await this.tell(entity, reference, { action: 'delete', entityNames: [entityRef] });
  }

  /** An entity that somebody took away by hand comes back: what it stands for is still there. */
  private async lost(entities: Entity[]) {
    const now = new Map(entities.map(each => [stringifyEntityRef(each), each]));
    for (const [entityRef, entity] of this.before) {
      const reference = referenceOf(entity);
      const found = reference && this.parts.watches.find(reference);
      if (now.has(entityRef) || !found || found.metadata.annotations?.[EXCLUDED]) continue;
      this.parts.logger.info(`${entityRef} was taken out of the catalog, but its ${reference.kind} is there: it comes back`);
      await this.tell(entity, reference, { action: 'upsert' });
      // Told again with each look until it is back.
      now.set(entityRef, entity);
    }
    this.before = now;
  }

  /** The ingestor takes no word about APIs; their definition is read when they are processed. */
  private async apis(entities: Entity[]) {
    for (const entity of entities) {
      const reference = definitionReference(entity);
      const found = reference && this.parts.watches.find(reference);
      const entityRef = stringifyEntityRef(entity);
      if (found && this.isNew(entityRef, stateOf(found))) await this.parts.process(entityRef);
    }
  }

  private isNew(entityRef: string, state: string): boolean {
    this.misses.delete(entityRef);
    if (this.states.get(entityRef) === state) return false;
    this.states.set(entityRef, state);
    return true;
  }

  private async tell(entity: Entity, reference: Reference, what: { action: string; entityNames?: string[] }) {
    const clusterName = entity.metadata.annotations!['backstage.io/managed-by-location'].slice(CLUSTER_ORIGIN.length);
    await this.parts.events.publish({ topic: this.parts.topic, eventPayload: { ...reference, clusterName, ...what } });
  }

  private forget(present: Set<string>) {
    for (const memory of [this.states, this.misses, this.places, this.named]) {
      for (const entityRef of memory.keys()) if (!present.has(entityRef)) memory.delete(entityRef);
    }
  }
}

/** What of an object an entity may tell. */
export function stateOf({ metadata }: KubeObject): string {
  return JSON.stringify([metadata.uid, metadata.generation, metadata.labels, metadata.annotations]);
}
