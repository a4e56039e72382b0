// The course: its tracks, and how far its learners are.
import { Heading } from './docs';

export type Step = { id: string; title: string; minutes?: number };

/** A page of the docs whose sections are steps. */
export type Track = { name: string; title: string; page: string; minutes?: number; steps: Step[] };

/** `step` is the one that they are at, if they have begun it; `done` those that passed their check. */
/** `like` is whom somebody is like who learns beside others; nothing for the one who has the platform alone. `isOwn`: it is the one who asks. */
export type Learner = { name: string; track: string; step?: string; done: string[]; like?: string; isOwn?: boolean };

export type Course = { tracks: Track[]; learners: Learner[] };

export type StepText = { text: string; headings: Heading[]; page: string };
