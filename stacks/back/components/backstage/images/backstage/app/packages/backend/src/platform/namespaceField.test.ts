import { expect, test } from 'vitest';
import { KubeObject } from './objects';
import { AppProject, NEW_NAMESPACES, namespaceField, ruleOf } from './namespaceField';

function project(annotation: string | undefined, ...names: string[]): AppProject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'orders', annotations: annotation === undefined ? {} : { [NEW_NAMESPACES]: annotation } },
    spec: { destinations: names.map(namespace => ({ namespace })) },
  };
}
const demo: KubeObject = {
  apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo', labels: { 'backstack.dev/environment': 'development' } },
};
const RULE = '{"rule": "Not kube-*."}';

test('the rule for namespaces is that of the project', () => {
  const rule = ruleOf([project(undefined, '*'), project(RULE, 'demo', 'cluster', '*', '!kube-*', '!argocd', '!a.b')]);
  const may = (name: string) => new RegExp(rule?.pattern ?? '$^').test(name);
  for (const name of ['demo', 'lab', 'kube', 'my-argocd', 'a-b']) expect([name, may(name)]).toEqual([name, true]);
  for (const name of ['cluster', 'kube-x', 'argocd', 'Lab', '-lab', 'lab-', '', 'a'.repeat(64)]) expect([name, may(name)]).toEqual([name, false]);
});

test('where only some names may be made, only those may be typed', () => {
  const rule = ruleOf([project(RULE, 'demo', 'team-*')]);
  const may = (name: string) => new RegExp(rule?.pattern ?? '$^').test(name);
  expect(['demo', 'team-a', 'lab'].map(may)).toEqual([true, true, false]);
});

test('without a project, or with one that cannot be read, there is no rule', () => {
  expect(ruleOf([])).toBeUndefined();
  expect(ruleOf([project('{', '*')])).toBeUndefined();
  expect(ruleOf([project('{}', '*')])).toBeUndefined();
});

test('the field offers what there is and says the rule', () => {
  expect(namespaceField([demo], { words: 'Not kube-*.', pattern: '^x$' })).toMatchObject({
    description: 'Which team or environment it belongs to. There are demo (development). Not kube-*.',
    examples: ['demo'],
    default: 'demo',
    pattern: '^x$',
    errorMessage: 'No order may go there. Not kube-*.',
  });
  expect(namespaceField([], { words: 'W.', pattern: '^x$' })).not.toHaveProperty('default');
});

test('without a rule one of those that there are is chosen', () => {
  expect(namespaceField([demo])).toMatchObject({ enum: ['demo'], enumNames: ['demo (development)'], default: 'demo' });
  expect(namespaceField([])).toMatchObject({ default: 'default' });
});
