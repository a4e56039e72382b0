// The pods of a thing, and what they write.
import type { Health } from './delivery';

export type PodState = {
  name: string;
  health?: Health;
  /** Why it does not run, in the words of Kubernetes. */
  message?: string;
  phase: string;
  /** Containers that are ready, of all. */
  ready: number;
  containers: string[];
  restarts: number;
  createdAt?: string;
};

export type PodLog = { text: string };
