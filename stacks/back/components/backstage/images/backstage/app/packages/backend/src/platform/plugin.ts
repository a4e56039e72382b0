// Back end of the portal's own cards and pages.
import { coreServices, createBackendPlugin, HttpAuthService } from '@backstage/backend-plugin-api';
import { catalogServiceRef } from '@backstage/plugin-catalog-node';
import { Entity } from '@backstage/catalog-model';
import { Config } from '@backstage/config';
import { InputError, NotFoundError } from '@backstage/errors';
import express, { Request } from 'express';
import Router from 'express-promise-router';
import { concerns } from './attention';
import { definitionOf, fieldsOf } from './definition';
import { deliveryOf } from './delivery';
import { Docs } from './docs';
import { Gitea } from './gitea';
import { Kube, Reference } from './kube';
import { branchPrefix, changedManifest, manifestPath, readManifest } from './manifest';
import { policyResults } from './policies';
import { referenceOf } from './resources';
import { plainSchema } from './schema';
import { compareVersions, currentVersion, deprecation } from './templates';

type Context = {
  kube: Kube;
  gitea: Gitea;
  docs: Docs;
  argoUrl: string;
  httpAuth: HttpAuthService;
  catalog: typeof catalogServiceRef.T;
};

const ENTITY = '/entity/:kind/:namespace/:name';

export default createBackendPlugin({
  pluginId: 'backstack',
  register(reg) {
    reg.registerInit({
      deps: {
        catalog: catalogServiceRef,
        config: coreServices.rootConfig,
        http: coreServices.httpRouter,
        httpAuth: coreServices.httpAuth,
      },
      async init({ catalog, config, http, httpAuth }) {
        http.use(router(await context(config, httpAuth, catalog)));
      },
    });
  },
});

async function context(config: Config, httpAuth: HttpAuthService, catalog: Context['catalog']): Promise<Context> {
  return {
    kube: await Kube.fromConfig(config),
    gitea: Gitea.fromConfig(config),
    docs: new Docs(config.getString('backstack.docs')),
    argoUrl: config.getString('backstack.argocd.publicUrl').replace(/\/$/, ''),
    httpAuth,
    catalog,
  };
}

function router(context: Context): express.Router {
  const { kube, docs, argoUrl } = context;
  const routes = Router();
  routes.use(express.json({ limit: '1mb' }));
  routes.get('/attention', async (_, answer) => {
    answer.json({ items: await concerns(kube, argoUrl) });
  });
  routes.get('/docs', async (_, answer) => {
    answer.json({ items: await docs.pages() });
  });
  routes.get('/docs/page', async (request, answer) => {
    answer.json({ text: await docs.page(String(request.query.path)) });
  });
  routes.get(`${ENTITY}/definition`, async (request, answer) => {
    const found = definitionOf(await entityOf(context, request));
    if (!found) throw new NotFoundError('this API has no definition that can be read');
    answer.json({ kind: found.kind, template: found.template, fields: fieldsOf(found.schema) });
  });
  routes.get(`${ENTITY}/policies`, async (request, answer) => {
    answer.json({ items: await policyResults(kube, await resource(context, request)) });
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

/** The definition of a composite API, by one of its kinds. */
async function definition(kube: Kube, { apiVersion, kind }: Reference) {
  const group = apiVersion.split('/')[0];
  const all = await kube.list('/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions');
  return all.find(each => each.spec.group === group && each.spec.names.kind === kind);
}

/** What the update form shows. */
async function readForm({ kube, gitea }: Context, reference: Reference) {
  const path = manifestPath(reference);
  const [xrd, file, pullRequests] = await Promise.all([
    definition(kube, reference),
    gitea.file(path),
    gitea.pullRequests(branchPrefix(reference)),
  ]);
  if (!xrd) throw new NotFoundError(`${reference.kind} is no composite API: its manifest has no form`);
  if (!file) throw new NotFoundError(`there is no file ${path} in Git: what was not ordered through Git cannot be changed through it`);
  const manifest = readManifest(file.content);
  const current = currentVersion(xrd);
  const served = xrd.spec.versions.filter((each: any) => each.served);
  const { crossplane: _, ...spec } = manifest.spec ?? {};
  return {
    path,
    url: gitea.fileUrl(path),
    text: file.content,
    sha: file.sha,
    version: manifest.apiVersion.split('/')[1],
    currentVersion: current.name,
    spec,
    pullRequests,
    versions: served
      .sort((a: any, b: any) => compareVersions(b.name, a.name))
      .map((each: any) => ({
        name: each.name,
        warning: deprecation(each, current, reference.kind),
        schema: plainSchema(each.schema?.openAPIV3Schema?.properties?.spec ?? { type: 'object' }),
      })),
  };
}

/** Opens a pull request with a changed manifest. */
async function propose({ kube, gitea }: Context, reference: Reference, body: any, user: string) {
  const { sha, version, spec, note } = body ?? {};
  if (typeof spec !== 'object' || typeof version !== 'string' || typeof sha !== 'string') {
    throw new InputError('expected `sha`, `version` and `spec`');
  }
  const [xrd, path] = [await definition(kube, reference), manifestPath(reference)];
  if (!xrd?.spec.versions.some((each: any) => each.name === version && each.served)) {
    throw new InputError(`${reference.kind} has no version ${version}`);
  }
  const file = await gitea.file(path);
  if (file?.sha !== sha) throw new InputError(`${path} was changed in Git meanwhile: load the form again`);
  const content = changedManifest(file!.content, `${xrd.spec.group}/${version}`, spec);
  if (content === file!.content) throw new InputError('nothing was changed');
  const title = `Change ${reference.kind} ${reference.name}${reference.namespace ? ` in ${reference.namespace}` : ''}`;
  const words = [String(note ?? '').trim(), `Changed in the portal by \`${user}\`.`].filter(Boolean).join('\n\n');
  return gitea.propose(branchPrefix(reference), title, words, [{ path, content, sha }]);
}
