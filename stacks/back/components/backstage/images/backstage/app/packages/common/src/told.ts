// Answers to several questions in one request: one line of JSON each.
import type { JsonObject } from '@backstage/types';

/** What a route answers, or why it does not. */
export type Told = { route: string; body: unknown } | { route: string; error: JsonObject & { name: string; message: string } };
