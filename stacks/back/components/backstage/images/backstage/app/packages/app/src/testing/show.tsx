// Shows a part of the portal to a test. What is played is the other side: the back end's routes, the catalog.
import { ReactNode } from 'react';
import { Entity } from '@backstage/catalog-model';
import { ApiProvider, ConfigReader } from '@backstage/core-app-api';
import { configApiRef, discoveryApiRef, errorApiRef, fetchApiRef, identityApiRef, translationApiRef } from '@backstage/frontend-plugin-api';
import { catalogApiRef, EntityProvider } from '@backstage/plugin-catalog-react';
import { AuthorizeResult } from '@backstage/plugin-permission-common';
import { permissionApiRef } from '@backstage/plugin-permission-react';
import { signalApiRef } from '@backstage/plugin-signals-react';
import { themes, UnifiedThemeProvider } from '@backstage/theme';
import { JsonObject } from '@backstage/types';
import { render } from '@testing-library/react';
import { MemoryRouter } from 'react-router-dom';
import { giteaAuthRef } from '../platform/giteaAuth';

const BACK_END = 'http://portal.example/api';

/** What was sent to the back end; `body` where it was a POST. Routes of other plugins than our own begin with the plugin. */
export type Call = { route: string; body?: unknown };

/** The answer of a route, by its path below the back end's address. */
export type Routes = (call: Call) => Response | Promise<Response>;

type World = {
  entity?: Entity;
  routes?: Routes;
  /** What is in the catalog. */
  entities?: Entity[];
  /** Who has signed in. */
  name?: string;
  /** Whether who has signed in may change things, as the back end says. */
  mayChange?: boolean;
  /** Hears that somebody signs out. */
  onSignOut?: () => void;
  /** Other pages of the platform. */
  links?: { title: string; url: string; needs?: string }[];
  /** The address of the page. */
  address?: string;
};

/** Renders a part; the calls that it makes of the back end are in the list that is returned. */
export function show(part: ReactNode, world: World): Call[] {
  const { entity, routes = nothing, entities = [], name = 'Guest', links = [], mayChange = true, onSignOut, address = '/' } = world;
  const calls: Call[] = [];
  const one = (call: Call) => {
    calls.push(call);
    return Promise.resolve(routes(call));
  };
  const play = (input: string, init?: RequestInit) => {
    const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : undefined;
    const route = input.replace(`${BACK_END}/backstack/`, '').replace(`${BACK_END}/`, '');
    return route.startsWith('many?') ? many(new URLSearchParams(route.slice(5)).getAll('route'), one) : one({ route, body });
  };
  const catalog = {
    getEntities: ({ filter }: { filter: { kind: string } }) =>
      Promise.resolve({ items: entities.filter(each => each.kind === filter.kind) }),
  };
  const apis = new Map<string, unknown>([
    [configApiRef.id, new ConfigReader({ app: { title: 'Portal' }, backstack: { links } })],
    [identityApiRef.id, { getProfileInfo: () => Promise.resolve({ displayName: name }), signOut: () => Promise.resolve(onSignOut?.()) }],
    [giteaAuthRef.id, { getAccessToken: () => Promise.resolve('token-of-ann') }],
    [permissionApiRef.id, { authorize: () => Promise.resolve({ result: mayChange ? AuthorizeResult.ALLOW : AuthorizeResult.DENY }) }],
    [discoveryApiRef.id, { getBaseUrl: (plugin: string) => Promise.resolve(`${BACK_END}/${plugin}`) }],
    [fetchApiRef.id, { fetch: play }],
    [catalogApiRef.id, catalog],
    [errorApiRef.id, { post: fail }],
    [translationApiRef.id, WITHOUT_WORDS],
    [signalApiRef.id, SIGNALS],
  ]);
  const holder = { get: <T,>(ref: { id: string }) => apis.get(ref.id) as T | undefined };
  render(
    <ApiProvider apis={holder}>
      <UnifiedThemeProvider theme={themes.light}>
        <MemoryRouter initialEntries={[address]}>{entity ? <EntityProvider entity={entity}>{part}</EntityProvider> : part}</MemoryRouter>
      </UnifiedThemeProvider>
    </ApiProvider>,
  );
  return calls;
}

/** What the back end answers to several questions in one request. */
async function many(routes: string[], one: (call: Call) => Promise<Response>): Promise<Response> {
  const told = await Promise.all(routes.map(async route => {
    const answer = await one({ route, body: undefined });
    const content = (await answer.json().catch(() => ({}))) as { error?: unknown };
    return JSON.stringify(answer.ok ? { route, body: content } : { route, error: content.error ?? { name: 'Error', message: `the portal answered ${answer.status}` } });
  }));
  return new Response(told.map(each => `${each}\n`).join(''));
}

const listeners = new Map<string, Set<(message: JsonObject) => void>>();

/** Parts subscribe to channels. */
const SIGNALS = {
  subscribe: (channel: string, listener: (message: JsonObject) => void) => {
    const all = listeners.get(channel) ?? new Set();
    listeners.set(channel, all.add(listener));
    return { unsubscribe: () => void all.delete(listener) };
  },
};

/** The back end tells something on a channel. */
export function signal(channel: string, message: JsonObject) {
  listeners.get(channel)?.forEach(listener => listener(message));
}

/** Texts of Backstage's own parts are their keys. */
const WITHOUT_WORDS = {
  getTranslation: () => ({ ready: true, t: (key: string) => key }),
  translation$: () => ({ subscribe: () => ({ unsubscribe: () => undefined, closed: false }) }),
};

/** A part that reports an error to the whole portal has not handled it. */
function fail(error: Error): never {
  throw error;
}

function nothing(): Response {
  return Response.json({ error: { name: 'NotFoundError', message: 'nothing is there' } }, { status: 404 });
}

/** A composite of the cluster, as the catalog has it. */
export function composite(name: string, kind = 'App', namespace = 'demo'): Entity {
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: {
      name,
      namespace,
      annotations: { 'terasky.backstage.io/composite-kind': kind, 'backstage.io/kubernetes-namespace': namespace },
    },
  };
}

/** A template made from a composite API. */
export function offer(kind: string, annotations: Record<string, string> = {}): Entity {
  return {
    apiVersion: 'scaffolder.backstage.io/v1beta3',
    kind: 'Template',
    metadata: {
      name: `${kind.toLowerCase()}s.example.org-v1`,
      namespace: 'default',
      title: kind,
      annotations: { 'backstack.dev/kind': kind, 'backstack.dev/scope': 'Namespaced', ...annotations },
    },
  };
}
