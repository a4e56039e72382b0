// How things are, in the words of the platform's judge.

export type Verdict = 'broken' | 'starting' | 'imperfect' | 'unknown' | 'healthy';

/** What a judgement is about. */
export type Subject = { group?: string; kind: string; namespace?: string; name: string };

export type Cause = {
  fault: string;
  verdict: Verdict;
  object: Subject;
  field?: string;
  summary: string;
  next: string;
  evidence: { source: string; text: string }[];
  /** Where the field is written, if elsewhere. */
  change?: { object: string; field: string; value?: unknown };
  /** What else does not work because of this, each as `Kind namespace/name`. */
  affects?: string[];
};

export type Diagnosis = {
  subject: string;
  verdict: Verdict;
  since?: string;
  causes: Cause[];
  not_looked_at?: string[];
  past?: string[];
};

export type State = { verdict: Verdict; summary?: string };

export type Concern = { title: string; reason: string; next: string; entity?: string };

/** Something that was ordered; `entity` is its reference. */
export type Ordered = { entity: string; title: string; kind: string; namespace?: string };

export type States = {
  /** How all that the catalog knows is, by the reference of each entity. */
  states: Record<string, State>;
  concerns: Concern[];
  /** Some of what was ordered, what is wrong first. */
  ordered: Ordered[];
  /** Why nothing can be said of how things are. */
  silent?: string;
};

export type Tone = 'good' | 'bad' | 'warning' | 'neutral';
