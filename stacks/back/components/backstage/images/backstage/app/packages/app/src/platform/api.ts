// Calls of the portal's own back end.
import { useCallback, useEffect, useState } from 'react';
import { Entity } from '@backstage/catalog-model';
import { toError } from '@backstage/errors';
import { discoveryApiRef, fetchApiRef, useApi } from '@backstage/frontend-plugin-api';
import { Asker, read } from './asker';

/** The plugin that our own pages ask. */
const OWN = 'backstack';

/** What asks for the routes of a back end, by what it fetches with: all parts of a page share one. */
const ASKERS = new WeakMap<object, Asker>();

/** A function that calls a route of a plugin of the back end, and throws the server's own words when it fails. */
export function useCall(plugin = OWN) {
  const discovery = useApi(discoveryApiRef);
  const { fetch } = useApi(fetchApiRef);
  return useCallback(
    async <T,>(route: string, body?: unknown): Promise<T> => {
      const call = async (path: string, init?: RequestInit) => fetch(`${await discovery.getBaseUrl(plugin)}/${path}`, init);
      if (body === undefined) return (await (plugin === OWN ? askerOf(fetch, call).ask(route) : call(route).then(read))) as T;
      const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      return (await read(await call(route, post))) as T;
    },
    [discovery, fetch, plugin],
  );
}

function askerOf(fetch: object, call: (route: string) => Promise<Response>): Asker {
  const known = ASKERS.get(fetch) ?? new Asker(call);
  ASKERS.set(fetch, known);
  return known;
}

export type Loaded<T> = { value?: T; error?: Error; loading: boolean; reload: () => void };

/** Milliseconds until what failed is asked again. */
const AFTER_FAULT = 8_000;
const FINAL = ['NotFoundError', 'NotAllowedError', 'InputError'];

/** What a route answers; asked again every `seconds`, so that a page that stays open is not stale. */
export function useRoute<T>(route: string, seconds?: number, plugin?: string): Loaded<T> {
  const call = useCall(plugin);
  const [state, setState] = useState<{ route?: string; value?: T; error?: Error }>({});
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn(now => now + 1), []);
  useEffect(() => {
    let gone = false;
    const tell = (next: { value?: T; error?: Error }) => !gone && setState({ route, ...next });
    let timer = seconds === undefined ? undefined : setTimeout(reload, seconds * 1000);
    const failed = (error: unknown) => {
      const problem = toError(error);
      tell({ error: problem });
      // What is away comes back; what is not there or not allowed is so for good.
      if (!gone && !FINAL.includes(problem.name)) timer ??= setTimeout(reload, AFTER_FAULT);
    };
    call<T>(route).then(value => tell({ value }), failed);
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
