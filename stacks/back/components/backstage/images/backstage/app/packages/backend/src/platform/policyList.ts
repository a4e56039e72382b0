// The platform's policies, what they are about, and how everything stands by them.
import type { Judgement, Outcome, Policy } from '@backstack/common';
import { Kube } from './kube';
import { Condition, KubeObject, PolicyReport } from './objects';

/** What a policy is about: kinds by group and plural name, or by kind, with `*` for all. */
type Rule = { apiGroups?: string[]; resources?: string[] };
type Selected = { resources?: { kinds?: string[] } };
type Match = { any?: Selected[]; all?: Selected[]; resources?: { kinds?: string[] } };

export type PolicyObject = KubeObject & {
  spec?: {
    validationActions?: string[];
    validationFailureAction?: string;
    matchConstraints?: { resourceRules?: Rule[] };
    rules?: { match?: Match; validate?: { failureAction?: string } }[];
  };
  status?: { conditionStatus?: { ready?: boolean; message?: string }; conditions?: Condition[] };
};

const REPORTS = '/apis/wgpolicyk8s.io/v1alpha2';
const KINDS: [string, string][] = [
  ['/apis/policies.kyverno.io/v1/validatingpolicies', 'ValidatingPolicy'],
  ['/apis/policies.kyverno.io/v1/mutatingpolicies', 'MutatingPolicy'],
  ['/apis/policies.kyverno.io/v1/generatingpolicies', 'GeneratingPolicy'],
  ['/apis/policies.kyverno.io/v1/imagevalidatingpolicies', 'ImageValidatingPolicy'],
  ['/apis/policies.kyverno.io/v1/deletingpolicies', 'DeletingPolicy'],
  ['/apis/kyverno.io/v1/clusterpolicies', 'ClusterPolicy'],
  ['/apis/kyverno.io/v1/policies', 'Policy'],
];

/** All policies, those that something breaks first. */
export async function policyList(kube: Kube): Promise<Policy[]> {
  const [policies, ...reports] = await Promise.all([
    policyObjects(kube),
    kube.list<PolicyReport>(`${REPORTS}/policyreports`),
    kube.list<PolicyReport>(`${REPORTS}/clusterpolicyreports`),
  ]);
  const results = judgements(reports.flat());
  return policies.map(each => told(each, results.get(nameOf(each)) ?? [])).sort(worstFirst);
}

/** The policies as they are in the cluster. */
export async function policyObjects(kube: Kube): Promise<PolicyObject[]> {
  const lists = await Promise.all(KINDS.map(async ([path, kind]) => (await kube.list<PolicyObject>(path)).map(each => ({ ...each, kind }))));
  return lists.flat();
}

/** Whether a policy is about a kind. */
export function isAbout({ spec = {} }: PolicyObject, { group, plural, kind }: { group: string; plural: string; kind: string }): boolean {
  const rules = spec.matchConstraints?.resourceRules ?? [];
  const fits = (names: string[] | undefined, name: string) => (names ?? []).some(each => each === '*' || each === name || each === `${name}/*`);
  if (rules.some(rule => fits(rule.apiGroups, group) && fits(rule.resources, plural))) return true;
  const kinds = (spec.rules ?? []).flatMap(({ match = {} }) => [...(match.any ?? []), ...(match.all ?? []), match].flatMap(each => each.resources?.kinds ?? []));
  return kinds.some(each => each.split('/').pop() === '*' || each.split('/').pop() === kind);
}

/** As reports name it. */
function nameOf({ metadata: { name, namespace } }: PolicyObject): string {
  return namespace ? `${namespace}/${name}` : name;
}

function judgements(reports: PolicyReport[]): Map<string, Judgement[]> {
  const found = new Map<string, Judgement[]>();
  for (const { metadata, scope, results = [] } of reports) {
    for (const { policy, result, message, resources } of results) {
      const judged = [scope, ...(resources ?? [])].find(each => each !== undefined);
      if (!judged) continue;
      const one = { kind: judged.kind, name: judged.name, namespace: metadata.namespace, result, message };
      found.set(policy, [...(found.get(policy) ?? []), one]);
    }
  }
  return found;
}

const ORDER: Outcome[] = ['error', 'fail', 'warn', 'skip', 'pass'];

function told(policy: PolicyObject, results: Judgement[]): Policy {
  const note = (key: string) => policy.metadata.annotations?.[`policies.kyverno.io/${key}`];
  const count = (...outcomes: Outcome[]) => results.filter(each => outcomes.includes(each.result)).length;
  const { spec = {}, status } = policy;
  const actions = [...(spec.validationActions ?? []), spec.validationFailureAction, ...(spec.rules ?? []).map(each => each.validate?.failureAction)];
  const name = (each: Judgement) => `${each.namespace}/${each.name}`;
  return {
    name: nameOf(policy),
    kind: policy.kind,
    title: note('title') ?? policy.metadata.name,
    category: note('category'),
    severity: note('severity'),
    description: note('description'),
    refuses: actions.some(each => each === 'Deny' || each === 'Enforce'),
    problem: status?.conditionStatus?.ready === false ? status.conditionStatus.message || 'Kyverno does not say why it is not ready.' : undefined,
    failing: count('fail', 'error', 'warn'),
    passing: count('pass'),
    results: results.sort((a, b) => ORDER.indexOf(a.result) - ORDER.indexOf(b.result) || name(a).localeCompare(name(b))),
  };
}

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'];

/** What is broken by most comes first of what weighs the same. */
function worstFirst(a: Policy, b: Policy): number {
  const weight = ({ severity = '' }: Policy) => (SEVERITIES.indexOf(severity) + SEVERITIES.length) % SEVERITIES.length;
  const isBroken = ({ failing, problem }: Policy) => Number(failing > 0 || problem !== undefined);
  return isBroken(b) - isBroken(a) || weight(a) - weight(b) || b.failing - a.failing || a.title.localeCompare(b.title);
}
