// What policies say.

export type Outcome = 'pass' | 'fail' | 'warn' | 'error' | 'skip';

export type PolicyResult = {
  policy: string;
  rule?: string;
  result: Outcome;
  message?: string;
  category?: string;
  severity?: string;
  /** What was judged, as `Deployment my-app`. */
  resources: string[];
  /** Seconds since 1970. */
  time?: number;
};

/** What policies say of an entity; `applies`: whether there is one that is about such a thing. */
export type PolicyResults = { items: PolicyResult[]; applies: boolean };

/** Parts of Kyverno that do not run, so that what is told of policies is of before. */
export type WithAway<T> = T & { away: string[] };

export type Judgement = { kind: string; name: string; namespace?: string; result: Outcome; message?: string };

export type Policy = {
  name: string;
  kind: string;
  title: string;
  category?: string;
  severity?: string;
  /** Why there is such a rule. */
  description?: string;
  /** Whether what breaks it is refused. */
  refuses: boolean;
  /** Why it does not work, if it does not. */
  problem?: string;
  failing: number;
  passing: number;
  results: Judgement[];
};
