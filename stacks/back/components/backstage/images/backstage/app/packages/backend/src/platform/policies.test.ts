import { afterEach, expect, test } from 'vitest';
import { Answers, ApiServer, list } from '../testing/apiServer';
import { PolicyReport, ReportedResult } from './objects';
import { policyResults } from './policies';

let api: ApiServer;
afterEach(() => api.stop());

const REPORTS = '/apis/wgpolicyk8s.io/v1alpha2';
const shop = { apiVersion: 'example.org/v1', kind: 'App', name: 'shop', namespace: 'demo' };
const composite = { ...shop, metadata: { name: 'shop', namespace: 'demo', uid: 'app' }, spec: { crossplane: { resourceRefs: [] } } };
const report = (scope: { kind: string; name: string; uid: string } | undefined, ...results: ReportedResult[]): PolicyReport => ({
  apiVersion: 'wgpolicyk8s.io/v1alpha2',
  kind: 'PolicyReport',
  metadata: { name: 'r' },
  scope,
  results,
});

async function resultsWith(answers: Answers) {
  api = await ApiServer.start({
    '/apis/example.org/v1': { resources: [{ name: 'apps', kind: 'App', namespaced: true }] },
    '/apis/example.org/v1/namespaces/demo/apps/shop': composite,
    ...answers,
  });
  return policyResults(api.kube, shop);
}

test('the worst comes first, and nothing about others', async () => {
  const own = { kind: 'App', name: 'shop', uid: 'app' };
  const { items: results } = await resultsWith({
    [`${REPORTS}/namespaces/demo/policyreports`]: list(
      report(own, { policy: 'names', result: 'pass' }, { policy: 'hosts', result: 'warn' }, { policy: 'demo/limits', result: 'fail', message: 'too much' }),
      report({ kind: 'App', name: 'other', uid: 'other' }, { policy: 'limits', result: 'error' }),
      // An older form: the report is about several, each result names its own.
      report(undefined, { policy: 'images', result: 'error', resources: [own], timestamp: { seconds: 7 } }),
    ),
  });
  expect(results.map(each => [each.policy, each.result])).toEqual([['images', 'error'], ['limits', 'fail'], ['hosts', 'warn'], ['names', 'pass']]);
  expect(results[0]).toMatchObject({ resources: ['App shop'], time: 7 });
  expect(results[1].message).toBe('too much');
});

test('a policy that judges an app and its pods is read once for each outcome', async () => {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop', namespace: 'demo', uid: 'deployment' } };
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', uid: 'deployment' };
  const { items: results } = await resultsWith({
    '/apis/example.org/v1/namespaces/demo/apps/shop': {
      ...composite,
      spec: { crossplane: { resourceRefs: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' }] } },
    },
    '/apis/apps/v1': { resources: [{ name: 'deployments/status', kind: 'Deployment', namespaced: true }, { name: 'deployments', kind: 'Deployment', namespaced: true }] },
    '/apis/apps/v1/namespaces/demo/deployments/shop': deployment,
    '/apis/apps/v1/namespaces/demo/replicasets': list({ metadata: { name: 'shop-1', namespace: 'demo', uid: 'set', ownerReferences: [owner] } }),
    '/api/v1/namespaces/demo/pods': list(
      { metadata: { name: 'shop-1-a', namespace: 'demo', uid: 'pod', ownerReferences: [{ ...owner, uid: 'set' }] } },
      { metadata: { name: 'stranger', namespace: 'demo', uid: 'stranger' } },
    ),
    [`${REPORTS}/namespaces/demo/policyreports`]: list(
      ...['deployment', 'pod', 'stranger'].map(uid => report({ kind: 'Pod', name: uid, uid }, { policy: 'limits', result: 'fail' })),
      report({ kind: 'ReplicaSet', name: 'set', uid: 'set' }, { policy: 'limits', result: 'pass' }),
    ),
  });
  expect(results.map(each => [each.result, each.resources])).toEqual([
    ['fail', ['Pod deployment', 'Pod pod']],
    ['pass', ['ReplicaSet set']],
  ]);
});

test('an object that is gone has no results', async () => {
  expect(await resultsWith({ '/apis/example.org/v1/namespaces/demo/apps/shop': 404 })).toEqual({ items: [], applies: false });
});

const POLICIES = '/apis/policies.kyverno.io/v1/validatingpolicies';
const about = (...resources: string[]) =>
  list({ metadata: { name: 'p' }, spec: { matchConstraints: { resourceRules: [{ apiGroups: ['example.org'], resources }] } } });

test('what no policy is about is told from what none has judged yet', async () => {
  expect(await resultsWith({ [POLICIES]: about('databases') })).toEqual({ items: [], applies: false });
  await api.stop();
  expect(await resultsWith({ [POLICIES]: about('databases', 'apps') })).toEqual({ items: [], applies: true });
});
