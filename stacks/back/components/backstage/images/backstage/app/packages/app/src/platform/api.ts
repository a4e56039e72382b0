// Calls of the portal's own back end.
import { useCallback, useEffect, useState } from 'react';
import { Entity } from '@backstage/catalog-model';
import { isError, toError } from '@backstage/errors';
import { discoveryApiRef, fetchApiRef, useApi } from '@backstage/frontend-plugin-api';
import { JsonObject } from '@backstage/types';
import { RJSFSchema } from '@rjsf/utils';

export type PolicyResult = {
  policy: string;
  rule?: string;
  result: 'pass' | 'fail' | 'warn' | 'error' | 'skip';
  message?: string;
  category?: string;
  severity?: string;
  resources: string[];
};

/** What policies say of an entity; `applies`: whether there is one that is about such a thing. */
export type PolicyResults = { items: PolicyResult[]; applies: boolean };

export type Judgement = { kind: string; name: string; namespace?: string; result: PolicyResult['result']; message?: string };

export type Policy = {
  name: string;
  kind: string;
  title: string;
  category?: string;
  severity?: string;
  description?: string;
  refuses: boolean;
  problem?: string;
  failing: number;
  passing: number;
  results: Judgement[];
};

export type Delivery = {
  name: string;
  sync: string;
  health: string;
  revision?: string;
  path?: string;
  message?: string;
  syncedAt?: string;
  url?: string;
};

export type Connection = { secret: string; host?: string; port?: string; database?: string; user?: string };

export type Usage = {
  open: string[];
  inside: string[];
  images: string[];
  pods?: { ready: number; wanted: number };
  connection?: Connection;
};

export type Scale = { field: string; title: string; value: number; minimum?: number; maximum?: number; hindrance?: string };

export type Actions = {
  path: string;
  url: string;
  sha: string;
  pullRequests: PullRequest[];
  leaves: { kind: string; name: string; namespace?: string }[];
  volumes: string[];
  scale?: Scale;
  canRestart: boolean;
};

export type Commit = { sha: string; title: string; author: string; time: string; url: string };

export type PullRequest = { number: number; title: string; url: string };

export type Version = { name: string; warning?: string; schema: RJSFSchema };

export type Manifest = {
  path: string;
  url: string;
  text: string;
  sha: string;
  version: string;
  spec: JsonObject;
  pullRequests: PullRequest[];
  versions: Version[];
};

export type Field = { path: string; type: string; required: boolean; default?: string; description?: string };

export type ApiDefinition = { kind: string; template: string; fields: Field[] };

export type Verdict = 'broken' | 'starting' | 'imperfect' | 'unknown' | 'healthy';

export type Cause = {
  verdict: Verdict;
  object: { kind: string; namespace?: string; name: string };
  field?: string;
  summary: string;
  next: string;
  evidence: { source: string; text: string }[];
  change?: { object: string; field: string; value?: unknown };
  affects?: string[];
};

export type Diagnosis = { subject: string; verdict: Verdict; since?: string; causes: Cause[]; past?: string[] };

export type State = { verdict: Verdict; summary?: string };

export type Concern = { title: string; reason: string; next: string; entity?: string };

/** How all that the catalog knows is, by the reference of each entity. */
export type States = { states: Record<string, State>; concerns: Concern[] };

export type Progress = { words: string; tone: 'good' | 'bad' | 'warning' | 'neutral'; open: boolean };

export type Order = {
  repository: string;
  number: number;
  title: string;
  url: string;
  api: string;
  page?: string;
  person?: string;
  progress: Progress;
  mayApprove: boolean;
};

export type Orders = { mine: Order[]; waiting: Order[]; rule: string };

export type Page = { path: string; title: string };

export type Heading = { level: number; title: string; anchor: string };

/** A function that calls a route of a plugin of the back end, and throws the server's own words when it fails. */
export function useCall(plugin = 'backstack') {
  const discovery = useApi(discoveryApiRef);
  const { fetch } = useApi(fetchApiRef);
  return useCallback(
    async <T,>(route: string, body?: unknown): Promise<T> => {
      const base = await discovery.getBaseUrl(plugin);
      const answer = await fetch(`${base}/${route}`, body === undefined ? undefined : {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw await problemOf(answer);
      return (await answer.json()) as T;
    },
    [discovery, fetch, plugin],
  );
}

/** Why the portal refuses, in its own words where it has any. */
async function problemOf(answer: Response): Promise<Error> {
  const body = (await answer.json().catch(() => undefined)) as { error?: unknown } | undefined;
  return new Error(isError(body?.error) ? body.error.message : `the portal answered ${answer.status}`);
}

export type Loaded<T> = { value?: T; error?: Error; loading: boolean; reload: () => void };

/** What a route answers; asked again every `seconds`, so that a page that stays open is not stale. */
export function useRoute<T>(route: string, seconds?: number, plugin?: string): Loaded<T> {
  const call = useCall(plugin);
  const [state, setState] = useState<{ route?: string; value?: T; error?: Error }>({});
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn(now => now + 1), []);
  useEffect(() => {
    let gone = false;
    const tell = (next: { value?: T; error?: Error }) => !gone && setState({ route, ...next });
    call<T>(route).then(value => tell({ value }), (error: unknown) => tell({ error: toError(error) }));
    const timer = seconds === undefined ? undefined : setTimeout(reload, seconds * 1000);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [call, route, seconds, turn, reload]);
  const current = state.route === route ? state : {};
  return { value: current.value, error: current.error, loading: !current.value && !current.error, reload };
}

/** Route of something about an entity. */
export function entityRoute(entity: Entity, what: string): string {
  const { namespace = 'default', name } = entity.metadata;
  return `entity/${entity.kind.toLowerCase()}/${namespace}/${name}/${what}`;
}
