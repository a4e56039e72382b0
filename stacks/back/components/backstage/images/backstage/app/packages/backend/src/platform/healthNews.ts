// What is new with the things that run: one runs, for the first time or again, or does not any more.
import { Entity, parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model';
import type { Diagnosis, Verdict } from '@backstack/common';
import { Book } from './book';
import { Kube } from './kube';
import { manifestPath } from './manifest';
import { failing, Notice, ready, Thing } from './notices';
import { Condition, KubeObject, Reference } from './objects';
import { isOrder, referenceOf } from './resources';
import { statesOf } from './states';

export type HealthParts = {
  book: Book;
  kube: Pick<Kube, 'object'>;
  diagnosis: () => Promise<Diagnosis>;
  /** What may stand for something in the cluster. */
  entities: () => Promise<Entity[]>;
  /** For whom a file in Git was written. */
  authorFor: (path: string) => string | undefined;
};

/** What people were told of a thing last, or what it was when they need not be told. */
type State = 'runs' | 'broken' | 'starting';

const STATES: Partial<Record<Verdict, State>> = { healthy: 'runs', imperfect: 'runs', broken: 'broken', starting: 'starting' };
const PREFIX = 'state ';
/** Milliseconds until the next look: while something may turn out otherwise, and while something starts. */
const UNSURE = 8_000;
const STARTING = 15_000;

export class HealthNews {
  /** What was new at the last look: only what still is so at the next one counts. */
  private unsure = new Map<string, State>();

  constructor(private readonly parts: HealthParts) {}

  /** What is to be told now, and after how many milliseconds to look again, if before the usual time. */
  async look(isFirst = false): Promise<{ notices: Notice[]; again?: number }> {
    const { book } = this.parts;
    const [before, diagnosis, entities] = await Promise.all([book.all(PREFIX), this.parts.diagnosis(), this.parts.entities()]);
    const { states } = statesOf(diagnosis, entities);
    const unsure = new Map<string, State>();
    const notices: Notice[] = [];
    for (const entity of entities) {
      const ref = stringifyEntityRef(entity);
      const now = STATES[states[ref]?.verdict];
      if (now === undefined || !isNews(before.get(ref) as State | undefined, now)) continue;
      if (isFirst) await book.set(`${PREFIX}${ref}`, now);
      else if (now !== 'starting' && this.unsure.get(ref) !== now) unsure.set(ref, now);
      else notices.push(...(await this.news(entity, now, before.get(ref), states[ref].summary)));
    }
    this.unsure = unsure;
    const isStarting = Object.values(states).some(each => each.verdict === 'starting');
    return { notices, again: unsure.size > 0 ? UNSURE : isStarting ? STARTING : undefined };
  }

  /** Something of this name was ordered anew: people want to hear when it runs. */
  async ordered(entityRef: string) {
    await this.parts.book.set(`${PREFIX}${entityRef}`, 'starting');
  }

  private async news(entity: Entity, now: State, before: string | undefined, why: string | undefined): Promise<Notice[]> {
    const ref = stringifyEntityRef(entity);
    const reference = referenceOf(entity);
    if (!reference || (now === 'runs' && !(await this.isReady(entity, reference)))) return [];
    await this.parts.book.set(`${PREFIX}${ref}`, now);
    const author = this.parts.authorFor(manifestPath(reference));
    const key = `${now} ${ref} ${Date.now()}`;
    if (now === 'broken') return [{ ...failing(thingOf(entity, reference, [ownerOf(entity), author]), why), key }];
    // What nobody ordered comes and goes without a word, unless something was wrong with it.
    if (now === 'starting' || (before !== 'broken' && !isOrder(entity))) return [];
    return [{ ...ready(thingOf(entity, reference, [author ?? ownerOf(entity)]), before === 'broken'), key }];
  }

  /** Of an order, the platform's judge may not know yet that it is new. */
  private async isReady(entity: Entity, reference: Reference): Promise<boolean> {
    if (!isOrder(entity)) return true;
    const object = await this.parts.kube.object<KubeObject & { status?: { conditions?: Condition[] } }>(reference);
    return (object?.status?.conditions ?? []).some(each => each.type === 'Ready' && each.status === 'True');
  }
}

/** A rollout of what runs is no news, nor is another try of what does not. */
function isNews(before: State | undefined, now: State): boolean {
  return before !== now && (now !== 'starting' || before === undefined);
}

/** Whose an entity is, by reference. */
export function ownerOf({ spec }: Entity): string | undefined {
  return typeof spec?.owner === 'string' ? stringifyEntityRef(parseEntityRef(spec.owner, { defaultKind: 'group' })) : undefined;
}

export function thingOf(entity: Entity, { kind, name, namespace }: Reference, to: (string | undefined)[]): Thing {
  const { kind: entityKind, metadata } = entity;
  return {
    ref: stringifyEntityRef(entity),
    title: `${kind} ${namespace ? `${namespace}/` : ''}${name}`,
    page: `/catalog/${metadata.namespace ?? 'default'}/${entityKind.toLowerCase()}/${metadata.name}`,
    to: [...new Set(to.filter(each => each !== undefined))],
  };
}
