// How everything in the catalog is, from one look at the whole platform.
import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { Cause, Diagnosis, typed, Verdict } from './judge';
import { referenceOf } from './resources';

export type State = { verdict: Verdict; summary?: string };

export type Concern = { title: string; reason: string; next: string; entity?: string };

/** The state of each entity that stands for something in the cluster, by its reference. */
export function statesOf(diagnosis: Diagnosis, entities: Entity[]): Record<string, State> {
  const states: Record<string, State> = {};
  for (const [thing, entity] of byThing(entities)) {
    const cause = diagnosis.causes.find(each => touches(each, thing));
    states[entity] = cause ? { verdict: cause.verdict, summary: cause.summary } : { verdict: 'healthy' };
  }
  return states;
}

/** What needs somebody's attention, the worst first. */
export function concernsOf(diagnosis: Diagnosis, entities: Entity[]): Concern[] {
  const things = byThing(entities);
  return diagnosis.causes.filter(cause => cause.verdict !== 'starting').map(cause => {
    const found = [...things].find(([thing]) => touches(cause, thing));
    return { title: titleOf(cause), reason: cause.summary, next: cause.next, entity: found?.[1] };
  });
}

function byThing(entities: Entity[]): Map<string, string> {
  const things = new Map<string, string>();
  for (const entity of entities) {
    const reference = referenceOf(entity);
    if (reference) things.set(typed(reference), stringifyEntityRef(entity));
  }
  return things;
}

/** Whether a cause is of a thing, is mended there, or takes it down. */
function touches(cause: Cause, thing: string): boolean {
  return typed(cause.object) === thing || cause.change?.object === thing || (cause.affects ?? []).includes(thing.replace(':', ' '));
}

function titleOf({ object }: Cause): string {
  return object.namespace ? `${object.kind} ${object.namespace}/${object.name}` : `${object.kind} ${object.name}`;
}
