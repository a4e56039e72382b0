import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { BackstageCredentials, HttpAuthService, PermissionsService } from '@backstage/backend-plugin-api';
import { Entity, stringifyEntityRef } from '@backstage/catalog-model';
import { NotAllowedError } from '@backstage/errors';
import { AuthorizeResult } from '@backstage/plugin-permission-common';
import express, { ErrorRequestHandler } from 'express';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Diagnosis } from '@backstack/common';
import { ApiServer, list } from '../testing/apiServer';
import { GitServer, shaOf } from '../testing/gitServer';
import { Log } from '../testing/log';
import { ingested, xrd } from '../testing/objects';
import { Docs } from './docs';
import { Judge } from './judge';
import { router } from './router';

const TEXT = 'apiVersion: example.org/v1\nkind: App\nmetadata: { name: shop }\nspec:\n  image: a\n';
const API: Entity = {
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'API',
  metadata: { name: 'App--v1' },
  spec: {
    type: 'crd',
    definition: JSON.stringify({
      metadata: { name: 'apps.example.org' },
      spec: { names: { kind: 'App' }, versions: [{ name: 'v1', schema: { openAPIV3Schema: { properties: { spec: { properties: { image: { type: 'string' } } } } } } }] },
    }),
  },
};

let api: ApiServer;
let git: GitServer;
let server: Server;
/** Who asks: a person, or another part of Backstage. */
let user: string | undefined;
/** Where Argo CD's pages are. */
let argoUrl: string | undefined;
let log: Log;
const GUEST = 'user:default/guest';

const TEMPLATE: Entity = {
  apiVersion: 'scaffolder.backstage.io/v1beta3', kind: 'Template',
  metadata: { name: 'apps', namespace: 'default', annotations: { 'backstack.dev/api-version': 'example.org/v1', 'backstack.dev/kind': 'App', 'backstack.dev/scope': 'Namespaced' } },
};
const entities = [ingested('shop'), API, TEMPLATE];
const catalog = {
  getEntities: ({ fields }: { fields: string[] }) => Promise.resolve({ items: entities.map(each => only(each, fields)) }),
  getEntityByRef: (ref: unknown) => {
    const { kind, namespace, name } = ref as Record<string, string>;
    const wanted = `${kind}:${namespace}/${name}`.toLowerCase();
    return Promise.resolve(entities.find(each => stringifyEntityRef(each) === wanted));
  },
};
/** As the catalog answers: of each entity, what was asked for. */
function only({ kind, metadata }: Entity, fields: string[]): Entity {
  const kept = Object.entries(metadata).filter(([name]) => fields.includes(`metadata.${name}`));
  return { ...(fields.includes('kind') ? { kind } : {}), metadata: Object.fromEntries(kept) } as Entity;
}
const diagnosis: Diagnosis = {
  subject: 'platform', verdict: 'broken',
  causes: [{ fault: 'x', verdict: 'broken', object: { kind: 'App', namespace: 'demo', name: 'shop' }, summary: 's', next: 'n', evidence: [] }],
};
const judge = { diagnosis: (subject = '') => Promise.resolve({ ...diagnosis, subject }), preview: () => Promise.resolve({ argo_cd: ['no'] }) } as unknown as Judge;
const httpAuth = {
  credentials: (_: unknown, options?: { allow?: string[] }) => {
    if (options?.allow?.includes('user') && !user) return Promise.reject(new NotAllowedError('for people only'));
    return Promise.resolve({ principal: { type: 'user', userEntityRef: user } } as unknown as BackstageCredentials);
  },
} as unknown as HttpAuthService;
const userInfo = {
  getUserInfo: () => Promise.resolve({ userEntityRef: user ?? '', ownershipEntityRefs: [user ?? '', 'group:default/developers'] }),
};
const permissions = {
  authorize: ([{ permission }]: { permission: { name: string } }[]) => {
    const isAllowed = ['backstack.change', 'backstack.sync'].includes(permission.name) && user !== GUEST;
    return Promise.resolve([{ result: isAllowed ? AuthorizeResult.ALLOW : AuthorizeResult.DENY }]);
  },
} as unknown as PermissionsService;
const asJson: ErrorRequestHandler = (error: Error, _request, answer, _next) => {
  answer.status(400).json({ error: { name: error.name, message: error.message } });
};

beforeEach(async () => {
  [api, git] = await Promise.all([ApiServer.start(), GitServer.start()]);
  user = 'user:default/ann';
  argoUrl = 'https://argo';
  log = new Log();
  const routes = router({
    kube: api.kube, gitea: git.gitea, docs: new Docs('/nowhere'), learners: { all: () => [] }, judge, logger: log, argo: { address: () => Promise.resolve(argoUrl) }, platformUrl: 'https://localhost:8443',
    approvers: ['developers'], repositories: [], httpAuth, permissions, catalog, userInfo,
  });
  server = createServer(express().use(routes, asJson));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await Promise.all([api.stop(), git.stop(), new Promise(resolve => server.close(resolve))]);
});

async function ask(route: string, body?: object): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  const post = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return (await fetch(`http://127.0.0.1:${port}/${route}`, post)).json();
}

test('an API says what may be ordered, and with which template', async () => {
  expect(await ask('entity/api/default/App--v1/definition')).toEqual({
    kind: 'App',
    template: 'apps.example.org-v1',
    fields: [{ path: 'spec.image', type: 'string', required: false }],
  });
});

test('what Argo CD does not deliver is delivered by nobody', async () => {
  expect(await ask('entity/component/demo/shop/delivery')).toEqual({ item: null, away: [] });
  const resources = [{ group: 'example.org', kind: 'App', namespace: 'demo', name: 'shop' }];
  api.answers['/apis/argoproj.io/v1alpha1/namespaces/argocd/applications'] = list({ metadata: { name: 'demo', namespace: 'argocd' }, spec: {}, status: { resources } });
  expect(await ask('entity/component/demo/shop/delivery')).toMatchObject({ item: { name: 'demo', url: 'https://argo/applications/argocd/demo' } });
  expect(await ask('pages')).toEqual({ argocd: true });
  // Built from packages, Argo CD has no pages to lead to.
  argoUrl = undefined;
  expect(await ask('entity/component/demo/shop/delivery')).toEqual({ item: { name: 'demo', sync: 'Unknown', health: 'Unknown', isSyncing: false, differing: [] }, away: [] });
  expect(await ask('pages')).toEqual({ argocd: false });
});

test('a person changes what was ordered; a program and a guest do not', async () => {
  api.answers['/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions'] = list(xrd());
  git.files.set('demo/app/shop.yaml', TEXT);
  const change = { sha: shaOf(TEXT), version: 'v1', spec: { image: 'b' } };
  expect(await ask('entity/component/demo/shop/manifest')).toMatchObject({ spec: { image: 'a' } });
  user = undefined;
  expect(await ask('entity/component/demo/shop/manifest', change)).toMatchObject({ error: { name: 'NotAllowedError' } });
  user = GUEST;
  for (const route of ['manifest', 'actions']) {
    const refusal = { error: { name: 'NotAllowedError', message: 'a guest only looks: sign in with your own account to change things' } };
    expect(await ask(`entity/component/demo/shop/${route}`, { ...change, action: 'delete' })).toEqual(refusal);
  }
  expect(git.pulls).toEqual([]);
  user = 'user:default/ann';
  expect(await ask('entity/component/demo/shop/manifest', change)).toMatchObject({ number: 1 });
  expect(git.pulls[0].body).toContain('Changed in the portal by `user:default/ann`.');
  expect(await ask('orders')).toMatchObject({ mine: [{ number: 1, mayApprove: true }], waiting: [] });
  user = undefined;
  expect(await ask('orders')).toMatchObject({ error: { name: 'NotAllowedError' } });
});

test.each([
  ['entity/component/demo/other/policies', 'the catalog has no component:demo/other'],
  ['entity/api/default/App--v1/delivery', 'no object of the cluster belongs to api:default/App--v1'],
  ['entity/component/demo/shop/definition', 'this API has no definition that can be read'],
  ['docs/page', 'there is no page ``'],
  ['orders/some/body/1/difference', 'the portal does not follow the repository some/body'],
  ['docs/page?path=a&path=b', 'there is no page ``'],
  ['docs/files/pictures/none.svg', 'there is no picture `pictures/none.svg`'],
])('%s is refused in words', async (route, message) => {
  expect(await ask(route)).toMatchObject({ error: { name: 'NotFoundError', message } });
});

test('what was ordered answers where its parts do', async () => {
  api.answers['/apis/example.org/v1'] = { resources: [{ name: 'apps', kind: 'App', namespaced: true }] };
  api.answers['/apis/networking.k8s.io/v1'] = { resources: [{ name: 'ingresses', kind: 'Ingress', namespaced: true }] };
  const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'shop' };
  api.answers['/apis/example.org/v1/namespaces/demo/apps/shop'] = { metadata: { name: 'shop', namespace: 'demo' }, spec: { crossplane: { resourceRefs: [ingress] } } };
  api.answers['/apis/networking.k8s.io/v1/namespaces/demo/ingresses/shop'] = { ...ingress, metadata: { name: 'shop' }, spec: { rules: [{ host: 'shop.localhost' }] } };
  expect(await ask('entity/component/demo/shop/usage')).toEqual({ open: ['https://shop.localhost:8443'], inside: [], images: [] });
});

test('what was ordered is deleted by a pull request, and its file has a history', async () => {
  git.files.set('demo/app/shop.yaml', TEXT);
  git.commits.push({ sha: 'c1', message: 'Add App shop', path: 'demo/app/shop.yaml', content: TEXT });
  const { sha } = (await ask('entity/component/demo/shop/actions')) as { sha: string };
  expect(await ask('entity/component/demo/shop/actions', { action: 'delete', sha })).toMatchObject({ number: 1, title: 'Remove App shop from demo' });
  expect(await ask('entity/component/demo/shop/history')).toMatchObject({ items: [{ sha: 'c1', title: 'Add App shop' }] });
});

test('the judge is asked about the object behind an entity, and about all at once', async () => {
  expect(await ask('entity/component/demo/shop/diagnosis')).toMatchObject({ subject: 'App:demo/shop', verdict: 'broken' });
  expect(await ask('states')).toEqual({
    states: { 'component:demo/shop': { verdict: 'broken', summary: 's' } },
    concerns: [{ title: 'App demo/shop', reason: 's', next: 'n', entity: 'component:demo/shop' }],
    ordered: [{ entity: 'component:demo/shop', title: 'shop', kind: 'App', namespace: 'demo' }],
  });
});

test('without pages there are no docs', async () => {
  expect(await ask('docs')).toEqual({ items: [] });
});

test('whoever may, is told what a form would do, and has Argo CD sync; a guest is not', async () => {
  api.answers['/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/demo'] = { metadata: { name: 'demo' }, spec: {} };
  const values = { name: 'new', namespace: 'demo', spec: { image: 'a' } };
  expect(await ask('preview/template/default/apps', values)).toMatchObject({ path: 'demo/app/new.yaml', findings: [{ words: 'Argo CD: no' }] });
  expect(await ask('delivery/demo/sync', {})).toEqual({});
  user = GUEST;
  for (const route of ['preview/template/default/apps', 'delivery/demo/sync', 'entity/component/demo/shop/preview']) {
    expect(await ask(route, values)).toMatchObject({ error: { name: 'NotAllowedError' } });
  }
  expect(api.changes).toHaveLength(1);
});

test('several questions are answered in one request, each by itself', async () => {
  const { port } = server.address() as AddressInfo;
  const many = async (...routes: string[]) => {
    const answer = await fetch(`http://127.0.0.1:${port}/many?${routes.map(each => `route=${encodeURIComponent(each)}`).join('&')}`);
    const lines = (await answer.text()).trim().split('\n').map(each => JSON.parse(each) as { route: string });
    return Object.fromEntries(lines.map(each => [each.route, each]));
  };
  api.answers['/apis/example.org/v1'] = { resources: [{ name: 'apps', kind: 'App', namespaced: true }] };
  const [fine, gone, unknown] = ['entity/component/demo/shop/diagnosis', 'entity/component/demo/none/diagnosis', 'no/such/thing'];
  expect(await many(fine, gone, unknown, 'pages', 'docs', 'docs/page?path=none.md', 'workshop')).toMatchObject({
    docs: { body: { items: [] } },
    'docs/page?path=none.md': { error: { message: 'there is no page `none.md`' } },
    workshop: { body: { tracks: [] } },
    [fine]: { body: { subject: 'App:demo/shop' } },
    [gone]: { error: { name: 'NotFoundError', message: 'the catalog has no component:demo/none' } },
    [unknown]: { error: { name: 'NotFoundError' } },
    pages: { body: { argocd: true } },
  });
  expect(log.lines).toEqual([]);
  api.answers['/apis/example.org/v1'] = 'not an answer';
  expect(await many('entity/component/demo/shop/usage', 'pages')).toMatchObject({ 'entity/component/demo/shop/usage': { error: {} } });
  expect(await ask('many')).toMatchObject({ error: { name: 'InputError' } });
});
