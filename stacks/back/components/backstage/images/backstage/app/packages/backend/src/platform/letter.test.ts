import { expect, test } from 'vitest';
import { commitMessage, letter, orderedFor, pageOf, personOf, subjectOf } from './letter';

const facts = { prefix: 'portal/demo/app/shop/', portalUrl: 'https://portal.example', rule: { fourEyes: false } };

test('a pull request says for whom it is, where it leads, and who may approve', () => {
  const text = letter({ ...facts, body: 'Ordered in the portal by `user:default/ann`.' });
  expect(text).toContain('For @ann. One approval is needed; whoever ordered may give it, too.');
  expect(text).toContain('[shop](https://portal.example/catalog/demo/component/shop)');
  expect(personOf(text)).toBe('user:default/ann');
  const strict = letter({ ...facts, body: 'Changed in the portal by `user:default/ann`.', rule: { fourEyes: true } });
  expect(strict).toContain('Somebody other than the person who ordered has to approve.');
});

test('a guest is nobody whom Git could tell', () => {
  expect(letter({ ...facts, body: 'Ordered in the portal by `user:default/guest`.' })).not.toContain('@');
});

test('what a branch is about is in its name', () => {
  expect(subjectOf('portal/cluster/clusterapp/wide/1a2b')).toEqual({ namespace: 'cluster', kind: 'clusterapp', name: 'wide', path: 'cluster/clusterapp/wide.yaml' });
  expect(pageOf({ namespace: 'cluster', name: 'wide' })).toBe('/catalog/default/component/wide');
  expect(subjectOf('mend-the-shop')).toBeUndefined();
  expect(personOf('by hand')).toBeUndefined();
});

test('a commit says for whom it was made, by itself or with the text of its pull request', () => {
  expect(orderedFor(commitMessage('Add App shop to demo', 'user:default/ann'))).toBe('user:default/ann');
  expect(orderedFor('Add App shop (#3)\n\nOrdered in the portal by `user:default/bob`: one App.')).toBe('user:default/bob');
  expect(orderedFor(commitMessage('By hand'))).toBeUndefined();
});
