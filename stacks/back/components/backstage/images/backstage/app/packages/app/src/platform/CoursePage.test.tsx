import type { Course } from '@backstack/common';
import { act, screen, waitFor, within } from '@testing-library/react';
import { Route, Routes } from 'react-router-dom';
import { beforeEach, expect, test } from 'vitest';
import { Call, show, signal } from '../testing/show';
import { CoursePage } from './CoursePage';

const TEXT = '## Order an app\n\nWhy: to see it.\n\n1. Open [Create](/create).\n2. ![A form](../pictures/form.jpg)\n\n```bash\nkubectl get pods\n```\n';
let course: Course;
beforeEach(() => {
  const steps = [{ id: 'sign-in', title: 'Sign in', minutes: 3 }, { id: 'order-an-app', title: 'Order an app', minutes: 5 }];
  course = { tracks: [{ name: 'developer', title: 'The day', page: 'workshop/developer.md', minutes: 45, steps }], learners: [] };
});

const routes = ({ route }: Call) => {
  if (route === 'workshop') return Response.json(course);
  if (route === 'docs') return Response.json({ items: [] });
  return Response.json({ text: TEXT, headings: [{ level: 2, title: 'Order an app', anchor: 'order-an-app' }], page: 'workshop/developer.md' });
};
/** The command comes with the code that paints it, which is fetched the first time. */
const next = (command: string) => waitFor(() => expect(screen.getByTestId('next').textContent).toContain(command), { timeout: 15_000 });
const page = (address: string) => show(<Routes><Route path="/workshop/*" element={<CoursePage />} /></Routes>, { routes, address });

test('all tracks are told, with minutes, steps and the way in', async () => {
  page('/workshop');
  const track = within(await screen.findByTestId('track-developer'));
  expect(track.getByText('45 minutes · 2 steps')).toBeDefined();
  expect(track.getByRole('link', { name: 'Order an app' }).getAttribute('href')).toBe('/workshop/developer/order-an-app');
  expect(track.getByText('5 minutes')).toBeDefined();
  expect(track.getByRole('button', { name: 'Begin' }).getAttribute('href')).toBe('/workshop/developer/sign-in');
});

test('a step is shown as people read it, with what to type next', async () => {
  page('/workshop/developer/order-an-app');
  expect((await screen.findByRole('heading', { name: 'Order an app' }, { timeout: 15_000 })).id).toBe('order-an-app');
  expect(screen.getByRole('link', { name: 'Create' }).getAttribute('href')).toBe('/create');
  expect((await screen.findByRole('img', { name: 'A form' })).getAttribute('src')).toBe('http://portal.example/api/backstack/docs/files/pictures/form.jpg');
  await next('backstack workshop start developer');
  expect(screen.getByRole('link', { name: '← Sign in' })).toBeDefined();
});

test('who comes further in the terminal sees it here at once', async () => {
  course.learners = [{ name: 'ann', track: 'developer', step: 'sign-in', done: [] }];
  const calls = page('/workshop/developer');
  expect(await screen.findByText('0 of 2 done')).toBeDefined();
  await next('backstack workshop check');
  course.learners = [{ name: 'ann', track: 'developer', step: 'sign-in', done: ['sign-in'] }];
  act(() => signal('backstack:workshop', {}));
  expect(await screen.findByText('1 of 2 done')).toBeDefined();
  await next('backstack workshop next');
  expect(calls.filter(each => each.route === 'workshop')).toHaveLength(2);
});

test('a track that is not there, and a platform without a course', async () => {
  page('/workshop/none');
  expect(await screen.findByText(/There is no track “none”/)).toBeDefined();
});

test('a platform may come without a course', async () => {
  course.tracks = [];
  page('/workshop');
  expect(await screen.findByText('This platform comes without a course.')).toBeDefined();
});
