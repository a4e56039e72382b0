// What the platform makes of a form before it is sent.

/** A line of a file, and whether it comes, goes or stays. */
export type Line = { mark: ' ' | '+' | '-'; text: string };

/** What is to be said of an order or a change. */
export type Finding = {
  /** The field of the manifest that it is about, as `spec.image`; nothing for what concerns all of it. */
  field?: string;
  words: string;
  /** The policy that says it. */
  policy?: string;
  /** Whether it is refused for that; otherwise it is only reported. */
  refuses: boolean;
  /** Whether the field is only not filled in yet. */
  missing?: boolean;
};

export type Preview = {
  path: string;
  /** The file as it would be. */
  text: string;
  /** How it differs from what is in Git now. */
  lines: Line[];
  findings: Finding[];
  /** What comes of it in the cluster, as `creates Deployment demo/shop`. */
  effects: string[];
  /** Why the judge could not tell. It is asked again at the pull request, so nothing is held up by that. */
  silent?: string;
};
