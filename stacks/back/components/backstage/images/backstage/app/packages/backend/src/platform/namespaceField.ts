// Where an order may go: namespaces for applications that there are, and a new one where the platform's rules let an order
// make one. The rules are those of Argo CD's project, so that nobody fills in what is refused later.
import { KubeObject } from './objects';
import { CLUSTER_FOLDER, ENVIRONMENT_LABEL } from './templates';

/** On a project: how a namespace is that an order makes, and the rule in words. */
export const NEW_NAMESPACES = 'backstack.dev/new-namespaces';

/** As far as it matters here. */
export type AppProject = KubeObject & { spec?: { destinations?: { namespace?: string }[] } };

export type Rule = { words: string; pattern: string };

const NAME = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';

/** The rule for namespaces that orders go to; nothing where no project has one. */
export function ruleOf(projects: AppProject[]): Rule | undefined {
  const project = projects.find(each => each.metadata.annotations?.[NEW_NAMESPACES]);
  const words = project && wordsOf(project);
  if (!words) return undefined;
  const names = (project.spec?.destinations ?? []).map(each => each.namespace ?? '');
  const open = names.filter(each => !each.startsWith('!'));
  const closed = [CLUSTER_FOLDER, ...names.filter(each => each.startsWith('!')).map(each => each.slice(1))];
  return { words, pattern: `^(?!(${closed.map(expression).join('|')})$)(?=(${open.map(expression).join('|')})$)${NAME}$` };
}

function wordsOf(project: AppProject): string | undefined {
  try {
    const { rule } = JSON.parse(project.metadata.annotations?.[NEW_NAMESPACES] ?? '{}') as { rule?: string };
    return rule;
  } catch {
    return undefined;
  }
}

/** Argo CD's pattern as a regular expression. */
function expression(glob: string): string {
  return glob.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
}

/** The field of a form. Without a rule only a namespace that is there can be chosen. */
export function namespaceField(namespaces: KubeObject[], rule?: Rule) {
  const names = namespaces.map(each => each.metadata.name);
  const told = namespaces.map(each => `${each.metadata.name} (${each.metadata.labels?.[ENVIRONMENT_LABEL]})`);
  const field = { title: 'Namespace', type: 'string' };
  if (rule) {
    const there = told.length > 0 ? `There are ${told.join(', ')}. ` : '';
    return {
      ...field,
      description: `Which team or environment it belongs to. ${there}${rule.words}`,
      pattern: rule.pattern,
      errorMessage: `No order may go there. ${rule.words}`,
      // Offered while somebody types.
      examples: names,
      ...(names.length > 0 ? { default: names[0] } : {}),
    };
  }
  const choice = names.length > 0 ? { enum: names, enumNames: told, default: names[0] } : { default: 'default' };
  return { ...field, description: 'Which team or environment it belongs to.', ...choice };
}
