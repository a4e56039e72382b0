// How an order is changed, and what is done with it.
import type { JsonObject } from '@backstage/types';
import type { PullRequest } from './orders';
import type { Schema } from './schema';

/** What the form of a change shows. */
export type ChangeForm = {
  path: string;
  url: string;
  text: string;
  sha: string;
  version: string;
  currentVersion?: string;
  spec: JsonObject;
  pullRequests: PullRequest[];
  versions: FormVersion[];
};

export type FormVersion = { name: string; warning?: string; schema: Schema };

export type Scale = { field: string; title: string; value: number; minimum?: number; maximum?: number; hindrance?: string };

/** What can be done with a thing. */
export type Actions = {
  path: string;
  url: string;
  sha: string;
  /** Pull requests that change the file already: until one is merged or closed, no other is opened. */
  pullRequests: PullRequest[];
  /** What goes when it is deleted. */
  leaves: { kind: string; name: string; namespace?: string }[];
  /** Volumes whose data is lost then. */
  volumes: string[];
  scale?: Scale;
  canRestart: boolean;
};
