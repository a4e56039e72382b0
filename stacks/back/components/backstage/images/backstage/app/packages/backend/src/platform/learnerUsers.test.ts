import { expect, test } from 'vitest';
import { CatalogConnection } from '../testing/catalog';
import { LearnerUsers } from './learnerUsers';

const learner = (name: string, like?: string) => ({ name, track: 'developer', done: [], like });
const groups: Record<string, string[]> = { developer: ['developers'] };

test('who learns beside others is a user like the one of the track, for as long as there is a record', async () => {
  const [catalog, users] = [new CatalogConnection(), new LearnerUsers(user => Promise.resolve(groups[user] ?? []))];
  await users.connect(catalog);
  await users.refresh([learner('ada', 'developer'), learner('bob', 'developer'), learner('learner')]);
  expect(catalog.sorted()).toEqual(['ada', 'bob']);
  expect(catalog.entities.get('ada')).toMatchObject({ kind: 'User', spec: { memberOf: ['developers'], profile: { displayName: 'ada' } } });
  await users.refresh([learner('ada', 'developer'), learner('bob', 'developer')]);
  expect(catalog.mutations).toBe(1);
  await users.refresh([learner('bob', 'developer')]);
  expect(catalog.sorted()).toEqual(['bob']);
});

test('a learner whom somebody took out of the catalog is back after the next look', async () => {
  const [catalog, users] = [new CatalogConnection(), new LearnerUsers(() => Promise.resolve([]))];
  await users.connect(catalog);
  await users.refresh([learner('ada', 'developer')]);
  catalog.entities.clear();
  users.forget();
  await users.refresh([learner('ada', 'developer')]);
  expect(catalog.sorted()).toEqual(['ada']);
});
