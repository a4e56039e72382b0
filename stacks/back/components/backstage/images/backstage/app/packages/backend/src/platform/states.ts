// How everything in the catalog is, from one look at the whole platform.
import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import type { Cause, Diagnosis, Ordered, State, States, Verdict } from '@backstack/common';
import { typed } from './judge';
import { isOrder, referenceOf } from './resources';

/** All of an entity that is read here: a platform has hundreds of them, and this is asked every few seconds. */
export const FIELDS = ['kind', 'metadata.name', 'metadata.namespace', 'metadata.title', 'metadata.annotations'];
/** So many orders are told: the others are in the catalog. */
const MOST = 7;
const WORST_FIRST: (Verdict | undefined)[] = ['broken', 'imperfect', 'unknown', 'starting'];

/** The state of each entity that stands for something in the cluster, and what needs somebody's attention, the worst first. */
export function statesOf(diagnosis: Diagnosis, entities: Entity[]): States {
  const things = byThing(entities);
  const first = new Map<string, Cause>();
  for (const cause of diagnosis.causes) {
    for (const thing of touched(cause)) if (!first.has(thing)) first.set(thing, cause);
  }
  const states = Object.fromEntries([...things].map(([thing, entity]) => [entity, stateBy(first.get(thing))]));
  const concerns = diagnosis.causes.filter(cause => cause.verdict !== 'starting').map(cause => ({
    title: titleOf(cause),
    reason: cause.summary,
    next: cause.next,
    entity: touched(cause).map(thing => things.get(thing)).find(each => each !== undefined),
  }));
  // What people have here comes before what the platform's own parts write into their logs.
  return { states, concerns: [...concerns.filter(each => each.entity), ...concerns.filter(each => !each.entity)], ordered: orderedOf(entities, states) };
}

/** What is known when nobody can say how things are. */
export function statesUnknown(entities: Entity[], why: string): States {
  return { states: {}, concerns: [], ordered: orderedOf(entities, {}), silent: why };
}

function orderedOf(entities: Entity[], states: Record<string, State>): Ordered[] {
  const found = entities.filter(isOrder).map(entity => ({ entity, ref: stringifyEntityRef(entity) }));
  const rank = (ref: string) => (WORST_FIRST.indexOf(states[ref]?.verdict) + 1 || WORST_FIRST.length + 1);
  found.sort((a, b) => rank(a.ref) - rank(b.ref) || a.ref.localeCompare(b.ref));
  return found.slice(0, MOST).map(({ entity: { metadata, ...entity }, ref }) => {
    const { kind = '', namespace } = referenceOf({ metadata, ...entity }) ?? {};
    return { entity: ref, title: metadata.title ?? metadata.name, kind, namespace };
  });
}

/** Entities by what they stand for, as `App:demo/shop`. */
export function byThing(entities: Entity[]): Map<string, string> {
  const things = new Map<string, string>();
  for (const entity of entities) {
    const reference = referenceOf(entity);
    if (reference) things.set(typed(reference), stringifyEntityRef(entity));
  }
  return things;
}

function stateBy(cause: Cause | undefined): State {
  return cause ? { verdict: cause.verdict, summary: cause.summary } : { verdict: 'healthy' };
}

/** What a cause is of, where it is mended, and what it takes down. */
function touched({ object, change, affects = [] }: Cause): string[] {
  return [typed(object), ...(change ? [change.object] : []), ...affects.map(each => each.replace(' ', ':'))];
}

function titleOf({ object }: Cause): string {
  return object.namespace ? `${object.kind} ${object.namespace}/${object.name}` : `${object.kind} ${object.name}`;
}
