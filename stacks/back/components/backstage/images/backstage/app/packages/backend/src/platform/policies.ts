// What Kyverno's reports say about an entity.
import type { PolicyResult, PolicyResults } from '@backstack/common';
import { Kube } from './kube';
import { KubeObject, PolicyReport, Reference } from './objects';
import { isAbout, policyObjects } from './policyList';
import { family } from './resources';

const REPORTS = '/apis/wgpolicyk8s.io/v1alpha2';
const WORST_FIRST = ['error', 'fail', 'warn', 'skip', 'pass'];

/**
 * The results for an object and all that was made of it: one a policy and outcome, the worst first. Where there are none,
 * `applies` tells whether any policy is about such a thing at all.
 */
export async function policyResults(kube: Kube, reference: Reference): Promise<PolicyResults> {
  const objects = await family(kube, reference);
  const uids = new Map(objects.map(each => [each.metadata.uid, each]));
  const namespaces = new Set(objects.map(each => each.metadata.namespace).filter(each => each !== undefined));
  const lists = [...namespaces].map(namespace => kube.list<PolicyReport>(`${REPORTS}/namespaces/${namespace}/policyreports`));
  if (objects.some(each => !each.metadata.namespace)) lists.push(kube.list<PolicyReport>(`${REPORTS}/clusterpolicyreports`));
  const results = (await Promise.all(lists)).flat().flatMap(report => readReport(report, uids));
  return { items: grouped(results), applies: results.length > 0 || (await isJudged(kube, objects)) };
}

/** Whether a policy is about one of these objects' kinds. */
async function isJudged(kube: Kube, objects: KubeObject[]): Promise<boolean> {
  const policies = await policyObjects(kube);
  for (const { apiVersion, kind } of new Map(objects.map(each => [`${each.apiVersion}/${each.kind}`, each])).values()) {
    const plural = (await kube.plural(apiVersion, kind)) ?? '';
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    if (policies.some(each => isAbout(each, { group, plural, kind }))) return true;
  }
  return false;
}

function readReport(report: PolicyReport, uids: Map<string | undefined, KubeObject>): PolicyResult[] {
  return (report.results ?? []).flatMap(each => {
    const judged = [report.scope, ...(each.resources ?? [])].find(scope => scope && uids.has(scope.uid));
    if (!judged) return [];
    return {
      policy: each.policy.split('/').pop() ?? each.policy,
      rule: each.rule,
      result: each.result,
      message: each.message,
      category: each.category,
      severity: each.severity,
      resources: [`${judged.kind} ${judged.name}`],
      time: each.timestamp?.seconds,
    };
  });
}

/** A policy judges an app, its Deployment, its ReplicaSet and its Pods: people read it once. */
function grouped(results: PolicyResult[]): PolicyResult[] {
  const found = new Map<string, PolicyResult>();
  for (const each of results) {
    const key = `${each.policy}|${each.result}`;
    const known = found.get(key);
    if (known) known.resources.push(...each.resources);
    else found.set(key, each);
  }
  const order = (each: PolicyResult) => WORST_FIRST.indexOf(each.result);
  return [...found.values()].sort((a, b) => order(a) - order(b) || a.policy.localeCompare(b.policy));
}
