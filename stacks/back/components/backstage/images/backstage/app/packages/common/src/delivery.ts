// How things come from Git into the cluster.

export type Delivery = {
  name: string;
  sync: string;
  health: string;
  revision?: string;
  path?: string;
  message?: string;
  syncedAt?: string;
  /** Its page in Argo CD, where that has pages. */
  url?: string;
};
