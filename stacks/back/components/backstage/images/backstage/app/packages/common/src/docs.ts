// The platform's documentation.

export type Page = { path: string; title: string };

export type Heading = { level: number; title: string; anchor: string };
