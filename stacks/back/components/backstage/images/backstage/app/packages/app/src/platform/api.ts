// Calls of the portal's own back end.
import { useCallback, useEffect, useState } from 'react';
import { Entity } from '@backstage/catalog-model';
import { isError, toError } from '@backstage/errors';
import { discoveryApiRef, fetchApiRef, useApi } from '@backstage/frontend-plugin-api';

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
