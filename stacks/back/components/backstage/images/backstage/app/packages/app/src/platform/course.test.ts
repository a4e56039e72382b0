import type { Learner, Track } from '@backstack/common';
import { expect, test } from 'vitest';
import { currentStep, learnerIn, minutesOf, nextOf, othersIn, trackPath } from './course';

const track: Track = { name: 'developer', title: 'The day', page: 'workshop/developer.md', steps: ['one', 'two', 'three'].map(id => ({ id, title: id })) };
const learner = (step: string | undefined, ...done: string[]): Learner => ({ name: 'ann', track: 'developer', step, done });

test.each([
  ['nobody has begun', undefined, 'backstack workshop start developer'],
  ['a step is begun', learner('one'), 'backstack workshop check'],
  ['its check has passed', learner('one', 'one'), 'backstack workshop next'],
  ['the next one is begun', learner('two', 'one'), 'backstack workshop check'],
  ['the last one is done, an earlier one was left out', learner('three', 'one', 'three'), 'backstack workshop stop'],
  ['all are done', learner(undefined, 'one', 'two', 'three'), 'backstack workshop stop'],
  ['it is at a step that the track has not', learner('gone', 'one'), 'backstack workshop check'],
])('what to type when %s', (_, who, command) => {
  expect(nextOf(track, who).command).toBe(command);
});

test('the current step is the one that is recorded, else the first that is not done', () => {
  expect(currentStep(track, learner('three'))?.id).toBe('three');
  expect(currentStep(track, learner(undefined, 'one'))?.id).toBe('two');
  expect(currentStep(track)?.id).toBe('one');
  expect(currentStep({ ...track, steps: [] })).toBeUndefined();
});

test('who learns in another track is not in this one', () => {
  expect(learnerIn(track, [{ ...learner('one'), track: 'assistant' }])).toBeUndefined();
  expect(learnerIn(track, [learner('one')])?.name).toBe('ann');
});

test('paths and minutes as people see them', () => {
  expect(trackPath(track)).toBe('/workshop/developer');
  expect(trackPath(track, track.steps[1])).toBe('/workshop/developer/two');
  expect([minutesOf({ minutes: 1 }), minutesOf({ minutes: 45 }), minutesOf({})]).toEqual(['1 minute', '45 minutes', '']);
});

test('one of several learners sees their own way and types their name; whoever is none of them sees all', () => {
  const ada: Learner = { ...learner('one'), name: 'ada', like: 'developer' };
  const bob: Learner = { ...ada, name: 'bob' };
  expect(learnerIn(track, [ada, bob])).toBeUndefined();
  expect(othersIn(track, [ada, learner('one'), bob])).toEqual([ada, bob]);
  const own = { ...ada, isOwn: true };
  expect([learnerIn(track, [own]), othersIn(track, [own])]).toEqual([own, []]);
  expect(nextOf(track, own).command).toBe('backstack workshop check --learner ada');
});
