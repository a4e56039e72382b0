// What the portal writes into the pull requests that it opens: for whom, where it leads, and who may approve. It is read
// again where somebody asks for their orders.
import { CLUSTER_FOLDER } from './templates';

/** What the Git server asks for before it merges. */
export type Rule = { fourEyes: boolean };

const TRAILER = 'Ordered-for: ';
const BY = /in the portal by `([^`]+)`/;

/** For whom the portal opened a pull request, as `user:default/ann`; nothing where it was not the portal. */
export function personOf(body: string | undefined): string | undefined {
  return BY.exec(body ?? '')?.[1];
}

/** For whom the portal made a commit: it says so itself, or has the text of its pull request; nothing for others' commits. */
export function orderedFor(message: string): string | undefined {
  return new RegExp(`^${TRAILER}(\\S+)$`, 'm').exec(message)?.[1] ?? personOf(message);
}

/** The message of a commit that the portal makes for somebody. Component gitops reads it, too. */
export function commitMessage(title: string, person?: string): string {
  return person ? `${title}\n\n${TRAILER}${person}` : title;
}

/** What the branch of a proposal is about, as `portal/demo/app/shop/1a2b` is about `demo/app/shop.yaml`. */
export function subjectOf(branch: string | undefined): { namespace: string; kind: string; name: string; path: string } | undefined {
  const [, namespace, kind, name] = /^portal\/([^/]+)\/([^/]+)\/([^/]+)\//.exec(branch ?? '') ?? [];
  return name ? { namespace, kind, name, path: `${namespace}/${kind}/${name}.yaml` } : undefined;
}

type Subject = { namespace: string; name: string };

/** The page of what a proposal is about, in the portal. */
export function pageOf(subject: Subject): string {
  return `/catalog/${placeOf(subject)}/component/${subject.name}`;
}

/** The catalog's reference to it. */
export function entityOf(subject: Subject): string {
  return `component:${placeOf(subject)}/${subject.name}`;
}

function placeOf({ namespace }: Subject): string {
  return namespace === CLUSTER_FOLDER ? 'default' : namespace;
}

/** The rule for approvals, in the words that the portal uses everywhere. */
export function ruleInWords({ fourEyes }: Rule): string {
  return fourEyes
    ? 'Somebody other than the person who ordered has to approve.'
    : 'One approval is needed; whoever ordered may give it, too.';
}

/** The text of a pull request. */
export function letter(facts: { body: string; prefix: string; portalUrl: string; rule: Rule }): string {
  const { body, prefix, portalUrl, rule } = facts;
  const subject = subjectOf(prefix);
  const person = /^user:[^/]+\/(.+)$/.exec(personOf(body) ?? '')?.[1];
  const links = [
    subject && `[${subject.name}](${portalUrl}${pageOf(subject)})`,
    `[your orders and what waits for you](${portalUrl}/)`,
  ];
  return [
    body,
    person && person !== 'guest' ? `For @${person}. ${ruleInWords(rule)}` : ruleInWords(rule),
    `In the portal: ${links.filter(Boolean).join(', ')}.`,
  ].join('\n\n');
}
