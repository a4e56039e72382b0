// The routes of the portal's own cards and pages.
import { HttpAuthService, UserInfoService } from '@backstage/backend-plugin-api';
import { Entity } from '@backstage/catalog-model';
import { NotFoundError } from '@backstage/errors';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import express, { Request } from 'express';
import Router from 'express-promise-router';
import { addressesOf } from './addresses';
import { concerns } from './attention';
import { propose, readForm } from './change';
import { definitionOf, fieldsOf } from './definition';
import { deliveryOf } from './delivery';
import { Docs } from './docs';
import { Gitea } from './gitea';
import { Kube } from './kube';
import { Reference } from './objects';
import { ordersOf, Person } from './orders';
import { policyResults } from './policies';
import { policyList } from './policyList';
import { family, referenceOf } from './resources';
import { headings } from './sections';

export type Context = {
  kube: Kube;
  gitea: Gitea;
  docs: Docs;
  argoUrl: string;
  /** The platform's own address. */
  platformUrl: string;
  httpAuth: Pick<HttpAuthService, 'credentials'>;
  catalog: Pick<typeof catalogServiceRef.T, 'getEntityByRef'>;
  userInfo: Pick<UserInfoService, 'getUserInfo'>;
  /** Groups whose members may approve what is ordered. */
  approvers: string[];
};

/** Pictures of the docs: browsers fetch them without saying who asks. */
export const PICTURES = '/docs/files';

const ENTITY = '/entity/:kind/:namespace/:name';

export function router(context: Context): express.Router {
  const { kube, docs, argoUrl } = context;
  const routes = Router();
  routes.use(express.json({ limit: '1mb' }));
  routes.get('/attention', async (_, answer) => {
    answer.json({ items: await concerns(kube, argoUrl) });
  });
  routes.get('/policies', async (_, answer) => {
    answer.json({ items: await policyList(kube) });
  });
  routes.get('/orders', async (request, answer) => {
    answer.json(await ordersOf(context, await person(context, request), context.approvers));
  });
  routes.get('/orders/:number/difference', async (request, answer) => {
    answer.json({ text: await context.gitea.difference(Number(request.params.number)) });
  });
  routes.get('/docs', async (_, answer) => {
    answer.json({ items: await docs.pages() });
  });
  routes.get('/docs/page', async (request, answer) => {
    const { path } = request.query;
    const text = await docs.page(typeof path === 'string' ? path : '');
    answer.json({ text, headings: headings(text) });
  });
  routes.get(`${PICTURES}/*`, async (request, answer) => {
    const drawing = await docs.picture(decodeURIComponent(request.path.slice(PICTURES.length + 1)));
    // Whoever opens it as a page of its own gets a picture, and nothing that runs.
    answer.set('content-security-policy', "sandbox; default-src 'none'; style-src 'unsafe-inline'; font-src data:");
    answer.type('svg').send(drawing);
  });
  routes.get(`${ENTITY}/definition`, async (request, answer) => {
    const found = definitionOf(await entityOf(context, request));
    if (!found) throw new NotFoundError('this API has no definition that can be read');
    answer.json({ kind: found.kind, template: found.template, fields: fieldsOf(found.schema) });
  });
  routes.get(`${ENTITY}/addresses`, async (request, answer) => {
    answer.json(addressesOf(await family(kube, await resource(context, request)), context.platformUrl));
  });
  routes.get(`${ENTITY}/policies`, async (request, answer) => {
    answer.json(await policyResults(kube, await resource(context, request)));
  });
  routes.get(`${ENTITY}/delivery`, async (request, answer) => {
    answer.json({ item: (await deliveryOf(kube, argoUrl, await resource(context, request))) ?? null });
  });
  routes.get(`${ENTITY}/manifest`, async (request, answer) => {
    answer.json(await readForm(context, await resource(context, request)));
  });
  routes.post(`${ENTITY}/manifest`, async (request, answer) => {
    const { principal } = await context.httpAuth.credentials(request, { allow: ['user'] });
    answer.json(await propose(context, await resource(context, request), request.body, principal.userEntityRef));
  });
  return routes;
}

/** Who asks. */
async function person({ httpAuth, userInfo }: Context, request: Request): Promise<Person> {
  const credentials = await httpAuth.credentials(request, { allow: ['user'] });
  const { ownershipEntityRefs } = await userInfo.getUserInfo(credentials);
  return { ref: credentials.principal.userEntityRef, groups: ownershipEntityRefs };
}

/** The entity that a request names. */
async function entityOf({ catalog, httpAuth }: Context, request: Request): Promise<Entity> {
  const { kind, namespace, name } = request.params;
  const credentials = await httpAuth.credentials(request);
  const entity = await catalog.getEntityByRef({ kind, namespace, name }, { credentials });
  if (!entity) throw new NotFoundError(`the catalog has no ${kind}:${namespace}/${name}`);
  return entity;
}

/** The object behind it. */
async function resource(context: Context, request: Request): Promise<Reference> {
  const { kind, namespace, name } = request.params;
  const found = referenceOf(await entityOf(context, request));
  if (!found) throw new NotFoundError(`no object of the cluster belongs to ${kind}:${namespace}/${name}`);
  return found;
}
