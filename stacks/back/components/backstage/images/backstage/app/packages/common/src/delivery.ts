// How things come from Git into the cluster.
import type { Commit } from './orders';
import type { Line } from './preview';

export type Delivery = {
  name: string;
  project?: string;
  sync: string;
  health: string;
  /** The last commit of its own file, or folder. */
  commit?: Commit;
  /** The repository, as `backstack/demo-cluster`. */
  repository?: string;
  path?: string;
  message?: string;
  syncedAt?: string;
  /** Whether it is being synced now. */
  isSyncing: boolean;
  /** What is not as Git says, as `App demo/shop`. */
  differing: string[];
  /** The reference of the entity that it brings, where it brings one. */
  entity?: string;
  /** Its page in Argo CD, where that has pages. */
  url?: string;
};

/** What Argo CD brings; `away`: parts of Argo CD that do not run, so that what it says is of before. */
export type Deliveries = { items: Delivery[]; away: string[] };

/** How one thing is brought, if it is. */
export type OneDelivery = { item: Delivery | null; away: string[] };

/** An object, what was made of it, and how each is. */
export type TreeNode = { kind: string; name: string; namespace?: string; health?: Health; message?: string; children: TreeNode[] };

export type Health = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';

/** A commit of a thing's file; `appliedAt` where Argo CD applied just this one. */
export type Applied = Commit & { appliedAt?: string };

export type DeliveryDetails = {
  history: Applied[];
  tree?: TreeNode;
  /** What the cluster has and what Git says, of the fields that Git says something of. */
  difference: Line[];
  /** Why they could not be compared. */
  hindrance?: string;
};
