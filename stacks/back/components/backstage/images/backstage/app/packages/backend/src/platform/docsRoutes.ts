// The routes of the documentation, and of the course that is part of it.
import { NotFoundError } from '@backstage/errors';
import type { Course, Learner, StepText, Track } from '@backstack/common';
import express from 'express';
import Router from 'express-promise-router';
import { ownWords, renamed, stepText, tracksOf } from './course';
import { Docs } from './docs';
import { Learners } from './learners';
import { Asked, Questions } from './questions';
import { headings } from './sections';

/** Pictures of the docs: browsers fetch them without saying who asks. */
export const PICTURES = '/docs/files';

/** What pages ask about the docs and the course. */
/** `whoAsks` is the name of the user. */
export function askedOfDocs(questions: Questions, docs: Docs, learners: Pick<Learners, 'all'>, whoAsks: (asked: Asked) => Promise<string | undefined>) {
  questions.add('/docs', async () => ({ items: await docs.pages() }));
  questions.add('/docs/page', async ({ query: { path } }) => {
    const text = await docs.page(typeof path === 'string' ? path : '');
    return { text, headings: headings(text) };
  });
  questions.add('/workshop', async asked => {
    const [tracks, name] = await Promise.all([tracksOf(docs), whoAsks(asked)]);
    return { tracks, learners: seenBy(name, learners.all()) } satisfies Course;
  });
  questions.add('/workshop/:track/:step', async asked => {
    const track = find(await tracksOf(docs), asked.params.track);
    const source = await docs.source(track.page);
    const found = stepText(source, asked.params.step);
    const name = await whoAsks(asked);
    const isOneOfSeveral = learners.all().some(each => each.name === name && each.like);
    const text = found !== undefined && name && isOneOfSeveral ? renamed(found, ownWords(source), name) : found;
    if (text === undefined) throw new NotFoundError(`the track ${track.name} has no step \`${asked.params.step}\``);
    return { text, headings: headings(text), page: track.page } satisfies StepText;
  });
}

export function picturesOf(docs: Docs): express.Router {
  const routes = Router();
  routes.get(`${PICTURES}/*`, async (request, answer) => {
    const { type, content } = await docs.picture(decodeURIComponent(request.path.slice(PICTURES.length + 1)));
    // Whoever opens it as a page of its own gets a picture, and nothing that runs.
    answer.set('content-security-policy', "sandbox; default-src 'none'; style-src 'unsafe-inline'; font-src data:");
    answer.set('cache-control', 'private, max-age=600');
    answer.type(type).send(content);
  });
  return routes;
}

/** One of several learners sees their own way, as the one does who has the platform alone; everybody else sees all. */
export function seenBy(name: string | undefined, learners: Learner[]): Learner[] {
  const own = learners.filter(each => each.like && each.name === name);
  return own.length > 0 ? own.map(each => ({ ...each, isOwn: true })) : learners;
}

function find(tracks: Track[], name: string): Track {
  const found = tracks.find(each => each.name === name);
  if (!found) throw new NotFoundError(`the course has no track \`${name}\`: it has ${tracks.map(each => each.name).join(', ') || 'none'}`);
  return found;
}
