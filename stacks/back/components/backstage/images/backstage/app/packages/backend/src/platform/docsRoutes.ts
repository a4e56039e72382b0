// The routes of the documentation, and of the course that is part of it.
import { NotFoundError } from '@backstage/errors';
import type { Course, StepText, Track } from '@backstack/common';
import express from 'express';
import Router from 'express-promise-router';
import { stepText, tracksOf } from './course';
import { Docs } from './docs';
import { Learners } from './learners';
import { headings } from './sections';

/** Pictures of the docs: browsers fetch them without saying who asks. */
export const PICTURES = '/docs/files';

export function docsRoutes(docs: Docs, learners: Pick<Learners, 'all'>): express.Router {
  const routes = Router();
  routes.get('/docs', async (_, answer) => {
    answer.json({ items: await docs.pages() });
  });
  routes.get('/docs/page', async (request, answer) => {
    const { path } = request.query;
    const text = await docs.page(typeof path === 'string' ? path : '');
    answer.json({ text, headings: headings(text) });
  });
  routes.get(`${PICTURES}/*`, async (request, answer) => {
    const { type, content } = await docs.picture(decodeURIComponent(request.path.slice(PICTURES.length + 1)));
    // Whoever opens it as a page of its own gets a picture, and nothing that runs.
    answer.set('content-security-policy', "sandbox; default-src 'none'; style-src 'unsafe-inline'; font-src data:");
    answer.set('cache-control', 'private, max-age=600');
    answer.type(type).send(content);
  });
  routes.get('/workshop', async (_, answer) => {
    const course: Course = { tracks: await tracksOf(docs), learners: learners.all() };
    answer.json(course);
  });
  routes.get('/workshop/:track/:step', async (request, answer) => {
    const track = find(await tracksOf(docs), request.params.track);
    const text = stepText(await docs.source(track.page), request.params.step);
    if (text === undefined) throw new NotFoundError(`the track ${track.name} has no step \`${request.params.step}\``);
    const told: StepText = { text, headings: headings(text), page: track.page };
    answer.json(told);
  });
  return routes;
}

function find(tracks: Track[], name: string): Track {
  const found = tracks.find(each => each.name === name);
  if (!found) throw new NotFoundError(`the course has no track \`${name}\`: it has ${tracks.map(each => each.name).join(', ') || 'none'}`);
  return found;
}
