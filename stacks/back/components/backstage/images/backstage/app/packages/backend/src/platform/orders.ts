// The pull requests that the portal opened for somebody, and those that wait for them: how far each one is, in words.
import type { Order, Orders, Progress, Tone } from '@backstack/common';
import { Answer, Check, Gitea, Review } from './gitea';
import { Kube } from './kube';
import { pageOf, personOf, Rule, ruleInWords, subjectOf } from './letter';
import { readManifest } from './manifest';
import { Condition, KubeObject } from './objects';

type Platform = { kube: Kube; gitea: Gitea };

/** Who asks: their reference, and all that they belong to. */
export type Person = { ref: string; groups: string[] };

/** So many are listed; of those that are through, the ones of the last days. */
const MOST = 6;
const DAYS = 3;
/** So many that are open are looked at. */
const LOOKED_AT = 20;
/** Milliseconds that Git takes to see whether something can be merged. */
const LOOKING = 1_000;

/**
 * What somebody ordered, and what waits for their review. `approvers`: groups whose members may approve; `others`: further
 * repositories, in which people open pull requests by hand and ask nobody.
 */
export async function ordersOf(platform: Platform, person: Person, approvers: string[], others: Gitea[] = []): Promise<Orders> {
  const [all, rule, elsewhere] = await Promise.all([
    platform.gitea.latest(),
    platform.gitea.rule(),
    Promise.all(others.map(gitea => waitingIn(gitea, platform.kube, person, approvers))),
  ]);
  const isMine = (each: Answer) => personOf(each.body) === person.ref;
  const shown = newest(all.filter(isMine)).slice(0, MOST);
  const asked = await askedOf(platform.gitea, all.filter(each => each.state === 'open' && !isMine(each)), person);
  const told = (each: Answer) => tell(platform, each, { person, rule, approvers });
  const [mine, waiting] = await Promise.all([Promise.all(shown.map(told)), Promise.all(asked.map(told))]);
  return { mine, waiting: [...waiting, ...elsewhere.flat()], rule: ruleInWords(rule) };
}

/** What others opened in a repository, for those who may approve it. */
async function waitingIn(gitea: Gitea, kube: Kube, person: Person, approvers: string[]): Promise<Order[]> {
  if (!mayApprove(person, approvers)) return [];
  const [all, rule] = await Promise.all([gitea.latest(), gitea.rule()]);
  const open = all.filter(each => each.state === 'open' && `user:default/${each.user?.login}` !== person.ref);
  return Promise.all(open.slice(0, MOST).map(each => tell({ kube, gitea }, each, { person, rule, approvers })));
}

function mayApprove({ groups }: Person, approvers: string[]): boolean {
  return approvers.some(name => groups.includes(`group:default/${name}`));
}

/** All that are open; of the others, the last one about each thing, for some days. */
function newest(all: Answer[]): Answer[] {
  const seen = new Set<string>();
  return all.filter(each => {
    const subject = subjectOf(branchOf(each))?.path ?? `${each.number}`;
    const isFirst = !seen.has(subject);
    if (each.state === 'open') return true;
    if (each.merged) seen.add(subject);
    return isFirst && Date.now() - Date.parse(each.updated_at ?? '') < DAYS * 86_400_000;
  });
}

/** Those of which somebody was asked for a review, by name or as one of a team. Lists of pull requests do not tell it. */
async function askedOf(gitea: Gitea, open: Answer[], { ref, groups }: Person): Promise<Answer[]> {
  const isMe = ({ user, team }: Review) => ref === `user:default/${user?.login}` || groups.includes(`group:default/${team?.name}`);
  const looked = open.slice(0, LOOKED_AT);
  const reviews = await Promise.all(looked.map(each => gitea.reviews(each.number)));
  return looked.filter((_, index) => reviews[index].some(each => each.state === 'REQUEST_REVIEW' && isMe(each))).slice(0, MOST);
}

function branchOf({ head }: Answer): string | undefined {
  return head?.label ?? head?.ref;
}

type Asked = { person: Person; rule: Rule; approvers: string[] };

async function tell({ kube, gitea }: Platform, request: Answer, { person, rule, approvers }: Asked): Promise<Order> {
  const subject = subjectOf(branchOf(request));
  const owner = personOf(request.body);
  const progress = request.state === 'open'
    ? await untilMerged(gitea, request)
    : request.merged ? await afterwards({ kube, gitea }, subject?.path) : { words: 'Closed without being merged', tone: 'neutral' as const, open: false };
  const isFree = !(rule.fourEyes && owner === person.ref);
  return {
    repository: gitea.repository,
    number: request.number,
    title: request.title,
    url: gitea.pullRequestUrl(request.number),
    api: gitea.pullRequestApi(request.number),
    page: subject && pageOf(subject),
    person: owner,
    progress,
    mayApprove: isFree && progress.open && mayApprove(person, approvers),
  };
}

/** What an open pull request waits for. */
async function untilMerged(gitea: Gitea, request: Answer): Promise<Progress> {
  const [checks, reviews, isInConflict] = await Promise.all([
    gitea.checks(request.head?.sha ?? ''),
    gitea.reviews(request.number),
    conflicts(gitea, request),
  ]);
  const wait = (words: string, tone: Tone = 'warning') => ({ words, tone, open: true });
  if (isInConflict) return wait('Conflicts with what was merged meanwhile: order it again, or mend it in Git', 'bad');
  const refused = checks.find(each => isRefusal(each));
  if (refused) return wait(`Refused by the check “${refused.context}”: ${refused.description ?? 'it gives no reason'}`, 'bad');
  const said = verdicts(reviews);
  const against = said.find(each => each.state === 'REQUEST_CHANGES');
  if (against) return wait(`${against.user?.login ?? 'A reviewer'} asks for changes`, 'bad');
  if (checks.length === 0) return wait('Waits for the check of its files');
  if (!said.some(each => each.state === 'APPROVED')) return wait('Waits for a review');
  const pending = checks.find(each => each.status === 'pending');
  return pending ? wait(pending.description ?? `Waits for the check “${pending.context}”`) : wait('Approved: waits for somebody to merge it');
}

/** Whether it cannot be merged. While Git looks, after each merge of another one, it says so of all: it is asked again. */
async function conflicts(gitea: Gitea, { number, mergeable }: Answer): Promise<boolean> {
  if (mergeable !== false) return false;
  await new Promise(resolve => setTimeout(resolve, LOOKING));
  return (await gitea.request(number))?.mergeable === false;
}

function isRefusal({ status }: Check): boolean {
  return status === 'failure' || status === 'error';
}

/** What counts: the last word of each reviewer, about the files as they are now. */
function verdicts(reviews: Review[]): Review[] {
  const last = new Map<string, Review>();
  for (const each of reviews) {
    if (each.official && !each.stale && !each.dismissed && ['APPROVED', 'REQUEST_CHANGES'].includes(each.state)) {
      last.set(each.user?.login ?? '', each);
    }
  }
  return [...last.values()];
}

/** What became of what was merged. */
async function afterwards({ kube, gitea }: Platform, path: string | undefined): Promise<Progress> {
  const done = (words: string, tone: Tone = 'neutral') => ({ words, tone, open: false });
  const file = path && (await gitea.file(path));
  if (!file) return done('Merged: its file is gone, and what was made of it follows');
  const { apiVersion, kind, metadata } = readManifest<KubeObject>(file.content) ?? {};
  if (!apiVersion || !kind || !metadata) return done('Merged');
  const namespace = metadata.namespace ?? path.split('/')[0];
  const found = await kube.object<KubeObject & { status?: { conditions?: Condition[] } }>({ apiVersion, kind, name: metadata.name, namespace });
  if (!found) return done('Merged, and on its way into the cluster', 'warning');
  const conditions = found.status?.conditions ?? [];
  const failing = conditions.find(each => each.type === 'Synced' && each.status === 'False');
  if (failing) return done(`Does not run: ${failing.message ?? 'Crossplane gives no reason'}`, 'bad');
  const isReady = conditions.some(each => each.type === 'Ready' && each.status === 'True');
  return isReady ? done('Runs', 'good') : done('Merged, and being made', 'warning');
}
