// The course as the back end tells it, and what a learner does next.
import type { Learner, Step, Track } from '@backstack/common';

export type Next = { words: string; command: string };

/** The way to a track's page, or to that of a step. */
export function trackPath(track: Track, step?: Step): string {
  return `/workshop/${track.name}${step ? `/${step.id}` : ''}`;
}

/** How far a learner is in a track; nothing for who is in another one. */
export function learnerIn(track: Track, learners: Learner[]): Learner | undefined {
  return learners.find(each => each.track === track.name && (!each.like || each.isOwn));
}

/** Those who learn beside others, as whoever is none of them sees them. */
export function othersIn(track: Track, learners: Learner[]): Learner[] {
  return learners.filter(each => each.track === track.name && each.like && !each.isOwn);
}

/** The step that somebody is at: the one that is recorded, else the first that is not done. */
export function currentStep(track: Track, learner?: Learner): Step | undefined {
  const open = track.steps.find(each => !learner?.done.includes(each.id));
  return track.steps.find(each => each.id === learner?.step) ?? open ?? track.steps.at(-1);
}

/** What a learner types next. */
export function nextOf(track: Track, learner?: Learner): Next {
  if (!learner) return { words: 'To begin, type this in a terminal. It remembers where you are.', command: `backstack workshop start ${track.name}` };
  const step = currentStep(track, learner);
  const who = learner.like ? ` --learner ${learner.name}` : '';
  if (step && !learner.done.includes(step.id)) {
    return { words: `You are at “${step.title}”. Do what it says, then let the platform check it:`, command: `backstack workshop check${who}` };
  }
  const isThrough = track.steps.every(each => learner.done.includes(each.id)) || step === track.steps.at(-1);
  return isThrough
    ? { words: 'You are through. This takes away what the course made:', command: `backstack workshop stop${who}` }
    : { words: 'This step is done. The next one:', command: `backstack workshop next${who}` };
}

/** `1 minute`, `45 minutes`; nothing where nobody says it. */
export function minutesOf({ minutes }: { minutes?: number }): string {
  return minutes === undefined ? '' : `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
}
