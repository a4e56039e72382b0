// The routes of the portal's own cards and pages.
import { HttpAuthService, PermissionsService, UserInfoService } from '@backstage/backend-plugin-api';
import { Entity } from '@backstage/catalog-model';
import { NotAllowedError, NotFoundError } from '@backstage/errors';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { AuthorizeResult, BasicPermission } from '@backstage/plugin-permission-common';
import type { ApiDefinition } from '@backstack/common';
import express, { Request } from 'express';
import Router from 'express-promise-router';
import { act, actionsOf, historyOf } from './actions';
import { propose, readForm } from './change';
import { definitionOf, fieldsOf } from './definition';
import { deliveries, deliveryDetails, deliveryOf, sync } from './delivery';
import { Docs } from './docs';
import { docsRoutes } from './docsRoutes';
import { Gitea } from './gitea';
import { Judge, typed } from './judge';
import { Kube } from './kube';
import { Learners } from './learners';
import { Reference } from './objects';
import { ordersOf, Person } from './orders';
import { changePermission, syncPermission } from './permissions';
import { logOf, podsOf } from './pods';
import { policyResults } from './policies';
import { policyList } from './policyList';
import { previewChange, previewOrder } from './preview';
import { family, referenceOf } from './resources';
import { FIELDS, statesOf } from './states';
import { usageOf, withDoors } from './usage';
import { WebPages } from './webPages';

export type Context = {
  kube: Kube;
  gitea: Gitea;
  docs: Docs;
  judge: Judge;
  learners: Pick<Learners, 'all'>;
  argo: Pick<WebPages, 'address'>;
  /** The platform's own address. */
  platformUrl: string;
  httpAuth: Pick<HttpAuthService, 'credentials'>;
  permissions: Pick<PermissionsService, 'authorize'>;
  catalog: Pick<typeof catalogServiceRef.T, 'getEntityByRef' | 'getEntities'>;
  userInfo: Pick<UserInfoService, 'getUserInfo'>;
  /** Further repositories in which changes are reviewed. */
  repositories: Gitea[];
  /** Groups whose members may approve what is ordered. */
  approvers: string[];
};

const ENTITY = '/entity/:kind/:namespace/:name';

export function router(context: Context): express.Router {
  const { kube, docs, judge, argo } = context;
  const routes = Router();
  routes.use(express.json({ limit: '1mb' }));
  // One look at the whole platform, for Home and the catalog.
  routes.get('/states', async (request, answer) => {
    const [diagnosis, entities] = await Promise.all([judge.diagnosis(), components(context, request)]);
    answer.json(statesOf(diagnosis, entities));
  });
  routes.get('/pages', async (_, answer) => {
    answer.json({ argocd: (await argo.address()) !== undefined });
  });
  routes.get('/policies', async (_, answer) => {
    answer.json({ items: await policyList(kube) });
  });
  routes.get('/orders', async (request, answer) => {
    answer.json(await ordersOf(context, await person(context, request), context.approvers, context.repositories));
  });
  routes.get('/orders/:owner/:name/:number/difference', async (request, answer) => {
    const { owner, name, number } = request.params;
    const found = [context.gitea, ...context.repositories].find(each => each.repository === `${owner}/${name}`);
    if (!found) throw new NotFoundError(`the portal does not follow the repository ${owner}/${name}`);
    answer.json({ text: await found.difference(Number(number)) });
  });
  routes.use(docsRoutes(docs, context.learners));
  routes.get(`${ENTITY}/definition`, async (request, answer) => {
    const found = definitionOf(await entityOf(context, request));
    if (!found) throw new NotFoundError('this API has no definition that can be read');
    answer.json({ kind: found.kind, template: found.template, fields: fieldsOf(found.schema) } satisfies ApiDefinition);
  });
  routes.get(`${ENTITY}/usage`, async (request, answer) => {
    const objects = await family(kube, await resource(context, request));
    answer.json(usageOf(await withDoors(kube, objects), context.platformUrl));
  });
  routes.get(`${ENTITY}/diagnosis`, async (request, answer) => {
    answer.json(await judge.diagnosis(typed(await resource(context, request))));
  });
  routes.get(`${ENTITY}/policies`, async (request, answer) => {
    answer.json(await policyResults(kube, await resource(context, request)));
  });
  routes.get(`${ENTITY}/delivery`, async (request, answer) => {
    answer.json({ item: (await deliveryOf(context, await argo.address(), await resource(context, request))) ?? null });
  });
  routes.get(`${ENTITY}/pods`, async (request, answer) => {
    answer.json({ items: await podsOf(kube, await resource(context, request)) });
  });
  routes.get(`${ENTITY}/pods/:pod/log`, async (request, answer) => {
    const { container, previous } = request.query;
    const named = typeof container === 'string' ? container : undefined;
    answer.json(await logOf(kube, await resource(context, request), request.params.pod, named, previous === 'true'));
  });
  routes.get(`${ENTITY}/delivery/details`, async (request, answer) => {
    answer.json(await deliveryDetails(context, await resource(context, request)));
  });
  routes.get('/delivery', async (request, answer) => {
    answer.json({ items: await deliveries(kube, await argo.address(), await components(context, request)) });
  });
  routes.post('/delivery/:name/sync', async (request, answer) => {
    await sync(kube, request.params.name, await whoMay(context, request, syncPermission));
    answer.json({});
  });
  routes.get(`${ENTITY}/manifest`, async (request, answer) => {
    answer.json(await readForm(context, await resource(context, request)));
  });
  routes.post(`${ENTITY}/manifest`, async (request, answer) => {
    const user = await whoChanges(context, request);
    answer.json(await propose(context, await resource(context, request), request.body, user));
  });
  routes.post(`${ENTITY}/preview`, async (request, answer) => {
    await whoChanges(context, request);
    answer.json(await previewChange(context, await resource(context, request), request.body));
  });
  routes.post('/preview/:kind/:namespace/:name', async (request, answer) => {
    await whoChanges(context, request);
    answer.json(await previewOrder(context, await entityOf(context, request), request.body));
  });
  routes.get(`${ENTITY}/actions`, async (request, answer) => {
    answer.json(await actionsOf(context, await resource(context, request)));
  });
  routes.post(`${ENTITY}/actions`, async (request, answer) => {
    const user = await whoChanges(context, request);
    answer.json(await act(context, await resource(context, request), request.body, user));
  });
  routes.get(`${ENTITY}/history`, async (request, answer) => {
    answer.json({ items: await historyOf(context, await resource(context, request)) });
  });
  return routes;
}

/** What may stand for something in the cluster. */
async function components({ catalog, httpAuth }: Context, request: Request): Promise<Entity[]> {
  const credentials = await httpAuth.credentials(request);
  return (await catalog.getEntities({ filter: { kind: ['Component', 'Resource'] }, fields: FIELDS }, { credentials })).items;
}

/** Who asks. */
async function person({ httpAuth, userInfo }: Context, request: Request): Promise<Person> {
  const credentials = await httpAuth.credentials(request, { allow: ['user'] });
  const { ownershipEntityRefs } = await userInfo.getUserInfo(credentials);
  return { ref: credentials.principal.userEntityRef, groups: ownershipEntityRefs };
}

/** The person who asks for a change: guests may not, nor programs. */
function whoChanges(context: Context, request: Request): Promise<string> {
  return whoMay(context, request, changePermission);
}

async function whoMay({ httpAuth, permissions }: Context, request: Request, permission: BasicPermission): Promise<string> {
  const credentials = await httpAuth.credentials(request, { allow: ['user'] });
  const [{ result }] = await permissions.authorize([{ permission }], { credentials });
  if (result !== AuthorizeResult.ALLOW) throw new NotAllowedError('a guest only looks: sign in with your own account to change things');
  return credentials.principal.userEntityRef;
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
