// How a thing is used, and what it runs.

export type Addresses = {
  /** For browsers. */
  open: string[];
  /** For programs in the cluster, as `shop.demo.svc:80`. */
  inside: string[];
};

/** What a program needs to sign in. What is in the Secret is never read: the names of its keys are a convention. */
export type Connection = { secret: string; host?: string; port?: string; database?: string; user?: string };

export type Usage = Addresses & {
  /** Images of its containers, with their versions. */
  images: string[];
  /** Nothing where no pods are meant to stay. */
  pods?: { ready: number; wanted: number };
  /** Nothing where no Secret lets programs in. */
  connection?: Connection;
};
