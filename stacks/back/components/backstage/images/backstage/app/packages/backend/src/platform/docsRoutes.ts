// The routes of the documentation, and of the course that is part of it.
import { NotFoundError } from '@backstage/errors';
import type { Course, StepText, Track } from '@backstack/common';
import express from 'express';
import Router from 'express-promise-router';
import { stepText, tracksOf } from './course';
import { Docs } from './docs';
import { Learners } from './learners';
import { Questions } from './questions';
import { headings } from './sections';

/** Pictures of the docs: browsers fetch them without saying who asks. */
export const PICTURES = '/docs/files';

/** What pages ask about the docs and the course. */
export function askedOfDocs(questions: Questions, docs: Docs, learners: Pick<Learners, 'all'>) {
  questions.add('/docs', async () => ({ items: await docs.pages() }));
  questions.add('/docs/page', async ({ query: { path } }) => {
    const text = await docs.page(typeof path === 'string' ? path : '');
    return { text, headings: headings(text) };
  });
  questions.add('/workshop', async () => ({ tracks: await tracksOf(docs), learners: learners.all() } satisfies Course));
  questions.add('/workshop/:track/:step', async ({ params }) => {
    const track = find(await tracksOf(docs), params.track);
    const text = stepText(await docs.source(track.page), params.step);
    if (text === undefined) throw new NotFoundError(`the track ${track.name} has no step \`${params.step}\``);
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

function find(tracks: Track[], name: string): Track {
  const found = tracks.find(each => each.name === name);
  if (!found) throw new NotFoundError(`the course has no track \`${name}\`: it has ${tracks.map(each => each.name).join(', ') || 'none'}`);
  return found;
}
