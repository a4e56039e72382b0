// What people are told of, whatever page they look at: in words, to whom, and where it leads.
import { Answer } from './gitea';
import { entityOf, pageOf, personOf, subjectOf } from './letter';

export type Severity = 'low' | 'normal' | 'high';

export type Notice = {
  /** What it is about: the same thing is told once. */
  key: string;
  /** Users and groups, by reference. */
  to: string[];
  /** Who knows it already. */
  except?: string;
  title: string;
  text?: string;
  link: string;
  topic: 'review' | 'merged' | 'ready' | 'failing' | 'deprecated';
  severity: Severity;
  /** The entity that comes of it anew. */
  ordered?: string;
};

/** For whom a pull request was opened: whom the portal names, else whoever opened it. */
export function authorOf({ body, user }: Answer): string | undefined {
  return personOf(body) ?? (user && `user:default/${user.login}`);
}

/** Somebody asks for a review. */
export function reviewAsked(repository: string, request: Answer, to: string[], link: string): Notice {
  const author = authorOf(request);
  return {
    key: `review ${repository} ${request.number}`,
    to,
    except: author,
    title: `Review asked: ${request.title}`,
    text: `${nameOf(author)} asks for a review. It can be looked at and approved on Home.`,
    link,
    topic: 'review',
    severity: 'normal',
  };
}

/** What somebody proposed was merged. Who did it themselves hears that it is through: a merge may wait for its checks. */
export function merged(repository: string, request: Answer, link: string): Notice {
  const author = authorOf(request);
  const by = request.merged_by && `user:default/${request.merged_by.login}`;
  const subject = subjectOf(request.head?.label ?? request.head?.ref);
  return {
    key: `merged ${repository} ${request.number}`,
    to: author ? [author] : [],
    title: `Merged: ${request.title}`,
    text: `${author && author === by ? 'You' : nameOf(by ?? undefined)} merged it; the platform now does what it says.`,
    link: subject && !/^(Delete|Remove) /.test(request.title) ? pageOf(subject) : link,
    topic: 'merged',
    severity: author && author === by ? 'low' : 'normal',
    ordered: subject && /^Add /.test(request.title) ? entityOf(subject) : undefined,
  };
}

export type Thing = { ref: string; title: string; page: string; to: string[] };

/** It runs, for the first time or again. */
export function ready(thing: Thing, again: boolean): Omit<Notice, 'key'> {
  const text = again ? 'What was wrong with it is over.' : 'What was ordered is made, and runs.';
  return { to: thing.to, title: `${thing.title} runs${again ? ' again' : ''}`, text, link: thing.page, topic: 'ready', severity: 'normal' };
}

/** It does not run any more, or does not come up. */
export function failing(thing: Thing, why: string | undefined): Omit<Notice, 'key'> {
  return { to: thing.to, title: `${thing.title} does not run`, text: why, link: thing.page, topic: 'failing', severity: 'high' };
}

/** Its API's version goes. */
export function deprecated(thing: Thing, version: string, advice: string): Notice {
  return {
    key: `deprecated ${version} ${thing.ref}`,
    to: thing.to,
    title: `${thing.title} uses a version that goes: ${version}`,
    text: advice,
    link: `${thing.page}/change`,
    topic: 'deprecated',
    severity: 'normal',
  };
}

function nameOf(ref: string | undefined): string {
  return ref?.replace(/^.*\//, '') ?? 'Somebody';
}
