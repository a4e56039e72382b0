// Pull requests: what somebody ordered, and what waits for them.
import type { Tone } from './states';

export type PullRequest = { number: number; title: string; url: string; branch: string };

/** A commit that changed a file. */
export type Commit = { sha: string; title: string; author: string; time: string; url: string };

/** How far an order is. `open`: whether it still waits for people. */
export type Progress = { words: string; tone: Tone; open: boolean };

export type Order = {
  repository: string;
  number: number;
  title: string;
  url: string;
  /** Where programs with a person's own token approve and merge it. */
  api: string;
  /** The page of what was ordered. */
  page?: string;
  /** For whom it was opened. */
  person?: string;
  progress: Progress;
  /** Whether who asks may approve it by what the platform's rule says; Git has the last word. */
  mayApprove: boolean;
};

export type Orders = { mine: Order[]; waiting: Order[]; rule: string };
