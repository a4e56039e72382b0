// The form with which people change what they ordered: what it shows, and the pull request that it ends in.
import { InputError, NotFoundError } from '@backstage/errors';
import { JsonObject } from '@backstage/types';
import type { ChangeForm, PullRequest } from '@backstack/common';
import { Gitea } from './gitea';
import { Kube } from './kube';
import { branchPrefix, changedManifest, manifestPath, readManifest } from './manifest';
import { Reference, Version, Xrd } from './objects';
import { isMap, plainSchema } from './schema';
import { compareVersions, currentVersion, deprecation } from './templates';

type Platform = { kube: Kube; gitea: Gitea };

/** What a filled in form says; `sha` is that of the file when the form was loaded. */
type Proposal = { sha: string; version: string; spec: JsonObject; note: string };

/** The form for an object. */
export async function readForm({ kube, gitea }: Platform, reference: Reference): Promise<ChangeForm> {
  const path = manifestPath(reference);
  const [xrd, file, pullRequests] = await Promise.all([
    definition(kube, reference),
    gitea.file(path),
    gitea.openOn(path),
  ]);
  if (!xrd) throw new NotFoundError(`${reference.kind} is no composite API: its manifest has no form`);
  if (!file) throw new NotFoundError(`there is no file ${path} in Git: what was not ordered through Git cannot be changed through it`);
  const manifest = readManifest(file.content);
  const current = currentVersion(xrd);
  // The form does not show Crossplane's own settings.
  const spec = { ...manifest?.spec };
  delete spec.crossplane;
  return {
    path,
    url: gitea.fileUrl(path),
    text: file.content,
    sha: file.sha,
    version: manifest?.apiVersion.split('/')[1] ?? '',
    currentVersion: current?.name,
    spec,
    pullRequests,
    versions: servedVersions(xrd)
      .sort((a, b) => compareVersions(b.name, a.name))
      .map(each => ({
        name: each.name,
        warning: deprecation(each, current, reference.kind),
        schema: plainSchema(each.schema?.openAPIV3Schema?.properties?.spec ?? { type: 'object' }),
      })),
  };
}

/** Opens a pull request with a changed manifest; `body` is what somebody sent. */
export async function propose(platform: Platform, reference: Reference, body: unknown, user: string): Promise<PullRequest> {
  const { path, sha, before, after, note } = await changed(platform, reference, body);
  if (after === before) throw new InputError('nothing was changed');
  const change = { path, content: after, sha };
  return platform.gitea.propose(branchPrefix(reference), titleOf('Change', reference), wordsOf(note, user), [change]);
}

/** The file that a filled in form leads to, and what it was before. */
export async function changed({ kube, gitea }: Platform, reference: Reference, body: unknown) {
  const { sha, version, spec, note } = readProposal(body);
  const [xrd, path] = [await definition(kube, reference), manifestPath(reference)];
  if (!xrd || !servedVersions(xrd).some(each => each.name === version)) {
    throw new InputError(`${reference.kind} has no version ${version}`);
  }
  const file = await gitea.file(path);
  if (file?.sha !== sha) throw new InputError(`${path} was changed in Git meanwhile: load the form again`);
  const after = changedManifest(file.content, `${xrd.spec.group}/${version}`, spec);
  return { path, sha, note, before: file.content, after };
}

/** The title of a pull request, as `Change App shop in demo`. */
export function titleOf(verb: string, { kind, name, namespace }: Reference, preposition = 'in'): string {
  return `${verb} ${kind} ${name}${namespace ? ` ${preposition} ${namespace}` : ''}`;
}

/** What a pull request says: why, and for whom the portal opened it. */
export function wordsOf(note: string, user: string): string {
  return [note, `Changed in the portal by \`${user}\`.`].filter(Boolean).join('\n\n');
}

function readProposal(body: unknown): Proposal {
  const { sha, version, spec, note } = isMap(body) ? body : {};
  if (!isMap(spec) || typeof version !== 'string' || typeof sha !== 'string') {
    throw new InputError('expected `sha`, `version` and `spec`');
  }
  return { sha, version, spec, note: typeof note === 'string' ? note.trim() : '' };
}

/** The definition of a composite API, by one of its kinds. */
export async function definition(kube: Kube, { apiVersion, kind }: Reference): Promise<Xrd | undefined> {
  const group = apiVersion.split('/')[0];
  const all = await kube.list<Xrd>('/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions');
  return all.find(each => each.spec.group === group && each.spec.names.kind === kind);
}

export function servedVersions(xrd: Xrd): Version[] {
  return (xrd.spec.versions ?? []).filter(each => each.served);
}
