// The routes of the portal's own cards and pages.
import { HttpAuthService, LoggerService, PermissionsService, UserInfoService } from '@backstage/backend-plugin-api';
import { Entity } from '@backstage/catalog-model';
import { NotAllowedError, NotFoundError, toError } from '@backstage/errors';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { AuthorizeResult, BasicPermission } from '@backstage/plugin-permission-common';
import type { ApiDefinition, Deliveries, OneDelivery } from '@backstack/common';
import express, { Request } from 'express';
import Router from 'express-promise-router';
import { act, actionsOf, historyOf } from './actions';
import { Away } from './away';
import { propose, readForm } from './change';
import { definitionOf, fieldsOf } from './definition';
import { deliveries, deliveryDetails, deliveryOf, sync } from './delivery';
import { Docs } from './docs';
import { askedOfDocs, picturesOf } from './docsRoutes';
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
import { Asked, Questions } from './questions';
import { family, referenceOf } from './resources';
import { FIELDS, statesOf, statesUnknown } from './states';
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
  logger: Pick<LoggerService, 'error'>;
  httpAuth: Pick<HttpAuthService, 'credentials'>;
  permissions: Pick<PermissionsService, 'authorize'>;
  catalog: Pick<typeof catalogServiceRef.T, 'getEntityByRef' | 'getEntities'>;
  userInfo: Pick<UserInfoService, 'getUserInfo'>;
  /** Further repositories in which changes are reviewed. */
  repositories: Gitea[];
  /** Groups whose members may approve what is ordered. */
  approvers: string[];
};

/** Namespaces of parts of the platform whose words pages show. */
const ARGO_CD = 'argocd';
const KYVERNO = 'kyverno';
/** Sections of the docs that a search shows. */
const MOST_FOUND = 10;
const ENTITY = '/entity/:kind/:namespace/:name';

export function router(context: Context): express.Router {
  const routes = Router();
  routes.use(express.json({ limit: '1mb' }));
  const questions = new Questions(context.logger);
  const away = new Away(context.kube);
  askedOfAll(questions, context, away);
  askedOfOne(questions, context, away);
  askedOfDocs(questions, context.docs, context.learners, async asked => {
    const { principal } = await context.httpAuth.credentials(asked.request, { allow: ['user', 'service'] });
    return 'userEntityRef' in principal ? principal.userEntityRef.split('/').at(-1) : undefined;
  });
  routes.use(questions.routes);
  routes.use(picturesOf(context.docs));
  wishes(routes, context);
  return routes;
}

/** What pages ask about the whole platform. */
function askedOfAll(questions: Questions, context: Context, away: Away) {
  const { kube, judge, argo } = context;
  // One look at the whole platform, for Home and the catalog.
  questions.add('/states', async asked => {
    const [diagnosis, entities] = await Promise.all([judge.diagnosis().catch((error: unknown) => new Error(toError(error).message)), components(context, asked)]);
    return diagnosis instanceof Error ? statesUnknown(entities, diagnosis.message) : statesOf(diagnosis, entities);
  });
  questions.add('/pages', async () => ({ argocd: (await argo.address()) !== undefined }));
  questions.add('/policies', async () => ({ items: await policyList(kube), away: await away.in(KYVERNO) }));
  questions.add('/orders', async asked => ordersOf(context, await person(context, asked), context.approvers, context.repositories));
  questions.add('/orders/:owner/:name/:number/difference', async ({ params: { owner, name, number } }) => {
    const found = [context.gitea, ...context.repositories].find(each => each.repository === `${owner}/${name}`);
    if (!found) throw new NotFoundError(`the portal does not follow the repository ${owner}/${name}`);
    return { text: await found.difference(Number(number)) };
  });
  questions.add('/docs/search', async ({ query: { term } }) => ({ items: typeof term === 'string' && term.trim() ? await judge.docs(term, MOST_FOUND) : [] }));
  questions.add('/delivery', async asked => ({
    items: await deliveries(kube, await argo.address(), await components(context, asked)), away: await away.in(ARGO_CD),
  } satisfies Deliveries));
}

/** What pages ask about an entity. */
function askedOfOne(questions: Questions, context: Context, away: Away) {
  const { kube, judge, argo } = context;
  questions.add(`${ENTITY}/definition`, async asked => {
    const found = definitionOf(await entityOf(context, asked));
    if (!found) throw new NotFoundError('this API has no definition that can be read');
    return { kind: found.kind, template: found.template, fields: fieldsOf(found.schema) } satisfies ApiDefinition;
  });
  questions.add(`${ENTITY}/usage`, async asked => {
    const objects = await family(kube, await resource(context, asked));
    return usageOf(await withDoors(kube, objects), context.platformUrl);
  });
  questions.add(`${ENTITY}/diagnosis`, async asked => judge.diagnosis(typed(await resource(context, asked))));
  questions.add(`${ENTITY}/policies`, async asked => ({ ...(await policyResults(kube, await resource(context, asked))), away: await away.in(KYVERNO) }));
  questions.add(`${ENTITY}/delivery`, async asked => ({
    item: (await deliveryOf(context, await argo.address(), await resource(context, asked))) ?? null, away: await away.in(ARGO_CD),
  } satisfies OneDelivery));
  questions.add(`${ENTITY}/delivery/details`, async asked => deliveryDetails(context, await resource(context, asked)));
  questions.add(`${ENTITY}/pods`, async asked => ({ items: await podsOf(kube, await resource(context, asked)) }));
  questions.add(`${ENTITY}/pods/:pod/log`, async asked => {
    const { container, previous } = asked.query;
    const named = typeof container === 'string' ? container : undefined;
    return logOf(kube, await resource(context, asked), asked.params.pod, named, previous === 'true');
  });
  questions.add(`${ENTITY}/manifest`, async asked => readForm(context, await resource(context, asked)));
  questions.add(`${ENTITY}/actions`, async asked => actionsOf(context, await resource(context, asked)));
  questions.add(`${ENTITY}/history`, async asked => ({ items: await historyOf(context, await resource(context, asked)) }));
}

/** What people want to be done, or to know before they want it. */
function wishes(routes: express.Router, context: Context) {
  const by = (request: Request): Asked => ({ params: request.params, query: request.query, request });
  const wish = (path: string, answer: (asked: Asked, body: unknown) => Promise<unknown>) => {
    routes.post(path, async (request, response) => {
      response.json(await answer(by(request), request.body));
    });
  };
  wish('/delivery/:name/sync', async asked => {
    await sync(context.kube, asked.params.name, await whoMay(context, asked, syncPermission));
    return {};
  });
  wish(`${ENTITY}/manifest`, async (asked, body) => {
    const user = await whoChanges(context, asked);
    return propose(context, await resource(context, asked), body, user);
  });
  wish(`${ENTITY}/preview`, async (asked, body) => {
    await whoChanges(context, asked);
    return previewChange(context, await resource(context, asked), body);
  });
  wish('/preview/:kind/:namespace/:name', async (asked, body) => {
    await whoChanges(context, asked);
    return previewOrder(context, await entityOf(context, asked), body);
  });
  wish(`${ENTITY}/actions`, async (asked, body) => {
    const user = await whoChanges(context, asked);
    return act(context, await resource(context, asked), body, user);
  });
}

/** What may stand for something in the cluster. */
async function components({ catalog, httpAuth }: Context, asked: Asked): Promise<Entity[]> {
  const credentials = await httpAuth.credentials(asked.request);
  return (await catalog.getEntities({ filter: { kind: ['Component', 'Resource'] }, fields: FIELDS }, { credentials })).items;
}

/** Who asks. */
async function person({ httpAuth, userInfo }: Context, asked: Asked): Promise<Person> {
  const credentials = await httpAuth.credentials(asked.request, { allow: ['user'] });
  const { ownershipEntityRefs } = await userInfo.getUserInfo(credentials);
  return { ref: credentials.principal.userEntityRef, groups: ownershipEntityRefs };
}

/** The person who asks for a change: guests may not, nor programs. */
function whoChanges(context: Context, asked: Asked): Promise<string> {
  return whoMay(context, asked, changePermission);
}

async function whoMay({ httpAuth, permissions }: Context, asked: Asked, permission: BasicPermission): Promise<string> {
  const credentials = await httpAuth.credentials(asked.request, { allow: ['user'] });
  const [{ result }] = await permissions.authorize([{ permission }], { credentials });
  if (result !== AuthorizeResult.ALLOW) throw new NotAllowedError('a guest only looks: sign in with your own account to change things');
  return credentials.principal.userEntityRef;
}

/** By request: what its questions are about, which is the same thing for most. */
const looked = new WeakMap<Request, Map<string, Promise<Entity | undefined>>>();

/** The entity that a question names. */
async function entityOf({ catalog, httpAuth }: Context, { params, request }: Asked): Promise<Entity> {
  const { kind, namespace, name } = params;
  const ref = `${kind}:${namespace}/${name}`;
  const look = async () => catalog.getEntityByRef({ kind, namespace, name }, { credentials: await httpAuth.credentials(request) });
  const known = looked.get(request) ?? new Map<string, Promise<Entity | undefined>>();
  looked.set(request, known);
  if (!known.has(ref)) known.set(ref, look());
  const entity = await known.get(ref);
  if (!entity) throw new NotFoundError(`the catalog has no ${ref}`);
  return entity;
}

/** The object behind it. */
async function resource(context: Context, asked: Asked): Promise<Reference> {
  const { kind, namespace, name } = asked.params;
  const found = referenceOf(await entityOf(context, asked));
  if (!found) throw new NotFoundError(`no object of the cluster belongs to ${kind}:${namespace}/${name}`);
  return found;
}
