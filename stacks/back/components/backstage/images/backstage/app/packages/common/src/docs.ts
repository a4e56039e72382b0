// The platform's documentation.

export type Page = { path: string; title: string };

export type Heading = { level: number; title: string; anchor: string };

/** A section that answers a question; `address` is a page with an anchor, `headings` lead down to it. */
export type DocsFound = { address: string; headings: string[]; line: string };
