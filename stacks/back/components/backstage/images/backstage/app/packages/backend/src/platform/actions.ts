// What is done with a thing after it was ordered: scaled, restarted, rolled back, deleted. Each is a pull request on its
// file, so that it is reviewed like the order was.
import { InputError, NotFoundError } from '@backstage/errors';
import type { Actions, Commit, PullRequest, Scale } from '@backstack/common';
import { definition, servedVersions, titleOf, wordsOf } from './change';
import { Change, Gitea } from './gitea';
import { Kube } from './kube';
import { branchPrefix, manifestPath, manifestWith, readManifest } from './manifest';
import { Composite, KubeObject, Reference } from './objects';
import { family } from './resources';
import { isMap, words } from './schema';
import { isPod, volumesOf } from './usage';

type Platform = { kube: Kube; gitea: Gitea };

/** Fields of `spec` that say how many there shall be. */
const NUMBERS = ['replicas', 'instances'];
/** On a composition: the annotation of an order whose change makes the pods start anew. */
const RESTART = 'backstack.dev/restart';

/** What somebody asks for; `sha` is that of the file that they saw. */
type Wish = { action: string; sha: string; value: unknown; commit: unknown; note: string };

export async function actionsOf(platform: Platform, reference: Reference): Promise<Actions> {
  const { kube, gitea } = platform;
  const path = manifestPath(reference);
  const [file, pullRequests, objects] = await Promise.all([gitea.file(path), gitea.openOn(path), family(kube, reference)]);
  if (!file) throw notInGit(path);
  return {
    path,
    url: gitea.fileUrl(path),
    sha: file.sha,
    pullRequests,
    leaves: objects.slice(1).filter(isWorthNaming).map(({ kind, metadata: { name, namespace } }) => ({ kind, name, namespace })),
    volumes: volumesOf(objects),
    scale: await scaleOf(kube, reference, file.content, objects),
    canRestart: (await restartAnnotation(kube, objects[0])) !== undefined,
  };
}

/** The commits of a thing's file, newest first: the first is what holds now. */
export async function historyOf({ gitea }: Platform, reference: Reference): Promise<Commit[]> {
  return gitea.history(manifestPath(reference));
}

/** Opens the pull request that does what somebody asks for. */
export async function act(platform: Platform, reference: Reference, body: unknown, user: string): Promise<PullRequest> {
  const wish = readWish(body);
  const path = manifestPath(reference);
  const file = await platform.gitea.file(path);
  if (!file) throw notInGit(path);
  if (file.sha !== wish.sha) throw new InputError(`${path} was changed in Git meanwhile: load the page again`);
  const { title, content } = await outcome(platform, reference, file.content, wish);
  if (content === file.content) throw new InputError('nothing would change: the file in Git says this already');
  const change: Change = { path, sha: file.sha, content };
  return platform.gitea.propose(branchPrefix(reference), title, wordsOf(wish.note, user), [change]);
}

/** The file that a wish leads to, and what the pull request is called; no content for a file that goes. */
async function outcome(platform: Platform, reference: Reference, text: string, wish: Wish): Promise<{ title: string; content?: string }> {
  switch (wish.action) {
    case 'delete':
      return { title: titleOf('Remove', reference, 'from') };
    case 'scale':
      return scaled(platform.kube, reference, text, wish.value);
    case 'restart':
      return restarted(platform.kube, reference, text);
    case 'roll-back':
      return rolledBack(platform.gitea, reference, wish.commit);
    default:
      throw new InputError('expected one of the actions delete, scale, restart, roll-back');
  }
}

async function scaled(kube: Kube, reference: Reference, text: string, value: unknown) {
  const scale = await scaleOf(kube, reference, text, await family(kube, reference));
  if (!scale) throw new InputError(`${reference.kind} has no number of pods to change`);
  if (scale.hindrance) throw new InputError(scale.hindrance);
  const { field, minimum = 0, maximum = Infinity } = scale;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw new InputError(`spec.${field} must be a whole number ${rangeOf(scale)}`);
  }
  return { title: `${titleOf('Scale', reference)} to ${value}`, content: manifestWith(text, ['spec', field], value) };
}

function rangeOf({ minimum = 0, maximum }: Scale): string {
  return maximum === undefined ? `of ${minimum} or more` : `from ${minimum} to ${maximum}`;
}

async function restarted(kube: Kube, reference: Reference, text: string) {
  const annotation = await restartAnnotation(kube, await kube.object(reference));
  if (!annotation) throw new InputError(`what makes ${reference.kind} ${reference.name} knows no restart`);
  return { title: titleOf('Restart', reference), content: manifestWith(text, ['metadata', 'annotations', annotation], new Date().toISOString()) };
}

async function rolledBack(gitea: Gitea, reference: Reference, commit: unknown) {
  const path = manifestPath(reference);
  const known = (await gitea.history(path)).find(each => each.sha === commit);
  if (!known) throw new InputError(`${path} was not changed by this commit`);
  const before = await gitea.file(path, known.sha);
  if (!before) throw new InputError(`${path} was deleted by this commit: there is nothing to go back to`);
  return { title: `${titleOf('Roll back', reference)} to ${known.sha.slice(0, 8)}`, content: before.content };
}

/** The field that says how many there shall be, if the API has one. */
async function scaleOf(kube: Kube, reference: Reference, text: string, objects: KubeObject[]): Promise<Scale | undefined> {
  const manifest = readManifest(text);
  const xrd = await definition(kube, reference);
  const version = xrd && servedVersions(xrd).find(each => each.name === manifest?.apiVersion.split('/')[1]);
  const fields = version?.schema?.openAPIV3Schema?.properties?.spec?.properties ?? {};
  const field = NUMBERS.find(each => fields[each]?.type === 'integer');
  if (!field) return undefined;
  const { title, minimum, maximum, default: usual } = fields[field];
  const value = Number(manifest?.spec?.[field] ?? usual ?? 1);
  return { field, title: title ?? words(field), value, minimum, maximum, hindrance: hindranceOf(objects) };
}

function hindranceOf(objects: KubeObject[]): string | undefined {
  const scaler = objects.find(each => each.kind === 'HorizontalPodAutoscaler');
  return scaler && 'An autoscaler decides how many pods there are: change its limits instead.';
}

/** The annotation of an object that restarts it, as its composition says. */
async function restartAnnotation(kube: Kube, object?: Composite): Promise<string | undefined> {
  const name = object?.spec?.crossplane?.compositionRef?.name;
  if (!name) return undefined;
  const composition = await kube.object({ apiVersion: 'apiextensions.crossplane.io/v1', kind: 'Composition', name });
  return composition?.metadata.annotations?.[RESTART];
}

/** What comes and goes by itself is not named: pods, and what Deployments and operators keep for them. */
function isWorthNaming(object: KubeObject): boolean {
  return !isPod(object) && !['ReplicaSet', 'Job'].includes(object.kind);
}

function readWish(body: unknown): Wish {
  const { action, sha, value, commit, note } = isMap(body) ? body : {};
  if (typeof action !== 'string' || typeof sha !== 'string') throw new InputError('expected `action` and `sha`');
  return { action, sha, value, commit, note: typeof note === 'string' ? note.trim() : '' };
}

function notInGit(path: string) {
  return new NotFoundError(`there is no file ${path} in Git: what was not ordered through Git cannot be changed through it`);
}

