import { afterEach, expect, test } from 'vitest';
import { Answers, ApiServer, list } from '../testing/apiServer';
import { isAbout, PolicyObject, policyList } from './policyList';

let api: ApiServer | undefined;
afterEach(async () => {
  await api?.stop();
  api = undefined;
});

async function listWith(answers: Answers) {
  api = await ApiServer.start(answers);
  return policyList(api.kube);
}

const policy = (name: string, severity: string, changes: Partial<PolicyObject> = {}) => ({
  metadata: { name, annotations: { 'policies.kyverno.io/title': `Rule ${name}`, 'policies.kyverno.io/severity': severity } },
  ...changes,
});
const REPORTS = '/apis/wgpolicyk8s.io/v1alpha2';

test('what is broken comes first, then what weighs more; each with what it says of everything', async () => {
  const scope = { kind: 'App', name: 'shop' };
  const found = await listWith({
    '/apis/policies.kyverno.io/v1/validatingpolicies': list(
      policy('calm', 'critical'),
      policy('light', 'low', { spec: { validationActions: ['Audit'] } }),
      policy('heavy', 'high', { spec: { validationActions: ['Deny'] } }),
    ),
    '/apis/kyverno.io/v1/policies': list({ metadata: { name: 'own', namespace: 'demo' }, status: { conditionStatus: { ready: false, message: 'no such kind' } } }),
    [`${REPORTS}/policyreports`]: list(
      { metadata: { name: 'a', namespace: 'demo' }, scope, results: [{ policy: 'light', result: 'pass' }, { policy: 'heavy', result: 'fail', message: 'too much' }] },
      { metadata: { name: 'b', namespace: 'shop' }, scope, results: [{ policy: 'light', result: 'fail' }, { policy: 'calm', result: 'pass' }] },
    ),
  });
  expect(found.map(each => [each.name, each.failing, each.passing])).toEqual([['heavy', 1, 0], ['light', 1, 1], ['demo/own', 0, 0], ['calm', 0, 1]]);
  expect(found[0]).toMatchObject({ title: 'Rule heavy', kind: 'ValidatingPolicy', refuses: true, results: [{ ...scope, namespace: 'demo', result: 'fail', message: 'too much' }] });
  expect(found[1]).toMatchObject({ refuses: false, results: [{ result: 'fail', namespace: 'shop' }, { result: 'pass', namespace: 'demo' }] });
  expect(found[2]).toMatchObject({ title: 'own', problem: 'no such kind' });
});

test('a platform without policies has none', async () => {
  expect(await listWith({})).toEqual([]);
});

const app = { group: 'example.org', plural: 'apps', kind: 'App' };
const rules = (apiGroups: string[], resources: string[]) => ({ matchConstraints: { resourceRules: [{ apiGroups, resources }] } });
const kinds = (...names: string[]) => ({ rules: [{ match: { any: [{ resources: { kinds: names } }] } }] });

test.each<[PolicyObject['spec'], boolean]>([
  [rules(['example.org'], ['apps']), true],
  [rules(['*'], ['*']), true],
  [rules([''], ['apps']), false],
  [rules(['example.org'], ['webapps']), false],
  [kinds('Pod', 'example.org/v1/App'), true],
  [kinds('*'), true],
  [kinds('WebApp'), false],
  [undefined, false],
])('%j is about an app: %s', (spec, expected) => {
  expect(isAbout({ apiVersion: '', kind: '', metadata: { name: 'p' }, spec }, app)).toBe(expected);
});
