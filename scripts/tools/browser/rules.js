// The rules of the platform: an order makes its namespace, a file that cannot be read stops nobody else, what is taken is
// refused, an API in a group of one's own works, and an exception from a policy needs a platform engineer and ends by itself.
import { execFileSync } from 'node:child_process';
import { eventually, fill, Git, orderedThrough, walk } from './platform.js';

const stamp = Date.now().toString(36);
const kubectl = process.env.BACKSTACK_KUBECTL.split(' ');
const IMAGE = process.env.BACKSTACK_GOOD_IMAGE ?? 'docker.io/hashicorp/http-echo:1.0.0';
const namespace = `rules-${stamp}`;
const group = `rules-${stamp}.acme.io`;
const [developer, engineer] = ['developer', 'platform-engineer'].map(user => new Git(user, 'demo-cluster'));
const platform = new Git('platform-engineer', 'platform');
const reviewer = new Git('developer', 'platform');

function run(...words) {
  const [program, ...first] = kubectl;
  return execFileSync(program, [...first, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** One field of an object; nothing while it is not there. */
function field(kind, place, name, path) {
  try {
    return run('get', kind, name, '--namespace', place, '--output', `jsonpath=${path}`);
  } catch {
    return '';
  }
}

const order = (kind, name, spec, api = 'platform.backstack.dev/v1alpha1') =>
  `apiVersion: ${api}\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${JSON.stringify(spec)}\n`;
const app = { image: IMAGE, port: 5678 };
const ready = '{.status.conditions[?(@.type=="Ready")].status}';
let count = 0;

/** Opens a pull request of one file. */
function propose(git, path, content) {
  count += 1;
  return git.propose(`rules-${stamp}-${count}`, `Try the rules: ${path}`, [{ path, content }]);
}

async function bring(path, content) {
  const { number } = await propose(developer, path, content);
  await engineer.approveAndMerge(number);
}

/** The last word of the check `files` at a pull request, once it has said something that fits. */
function verdict(pull, fits) {
  return eventually(`a verdict at pull request ${pull.number}`, async () => {
    const { statuses } = await developer.call('GET', `commits/${pull.head.sha}/status`);
    const said = (statuses ?? []).find(each => each.context === 'files');
    return said && fits(said) ? said : undefined;
  });
}

async function refused(path, content, part) {
  const pull = await propose(developer, path, content);
  const said = await verdict(pull, each => each.status === 'failure');
  if (!part.test(said.description)) throw new Error(`the verdict on ${path} is: ${said.description}`);
  await developer.call('PATCH', `pulls/${pull.number}`, { state: 'closed' });
}

const DEFINITION = `apiVersion: apiextensions.crossplane.io/v2
kind: CompositeResourceDefinition
metadata: {name: notes.${group}}
spec:
  scope: Namespaced
  group: ${group}
  names: {kind: Note, plural: notes}
  versions:
    - name: v1
      served: true
      referenceable: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {text: {type: string, title: Text}}}}}}
`;
const COMPOSITION = `apiVersion: apiextensions.crossplane.io/v1
kind: Composition
metadata: {name: notes-${stamp}}
spec:
  compositeTypeRef: {apiVersion: ${group}/v1, kind: Note}
  mode: Pipeline
  pipeline:
    - step: compose
      functionRef: {name: function-pythonic}
      input:
        apiVersion: pythonic.fn.crossplane.io/v1alpha1
        kind: Composite
        composite: |
          class Note(BaseComposite):
              def compose(self):
                  service = self.resources.service('v1', 'Service', name=str(self.metadata.name))
                  service.spec = {'ports': [{'port': 80}], 'clusterIP': 'None'}
                  service.ready = bool(service.observed)
`;

/** Publishes files in the repository `platform`: one person asks, another approves. */
async function publish(title, files) {
  count += 1;
  const { number } = await platform.propose(`rules-${stamp}-${count}`, title, files);
  await reviewer.approve(number);
  await platform.merge(number);
}

const api = (definition, composition) => [
  { path: `apis/rules-${stamp}/definition.yaml`, content: definition },
  { path: `apis/rules-${stamp}/composition.yaml`, content: composition },
];

const report = `{range .items[?(@.scope.name=="shown-${stamp}")].results[?(@.policy=="autoscaling-in-production")]}{.result} {end}`;
const judged = () => run('get', 'policyreports', '--namespace', 'shop', '--output', `jsonpath=${report}`).trim();
const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
const exception = until => order('Exception', `shown-${stamp}`, {
  policy: 'autoscaling-in-production', kind: 'WebApp', object: `shown-${stamp}`, until, reason: 'The walk through the rules wants to see it.',
});

await walk('rules', [
  ['signs in', visitor => visitor.signIn('developer')],
  ['is told at the field which namespace no order makes', async visitor => {
    await visitor.open('/create/templates/default/apps.platform.backstack.dev-v1alpha1');
    await fill(visitor.page, 'Name', 'first');
    await fill(visitor.page, 'Namespace', 'kube-mine');
    await visitor.page.getByRole('button', { name: 'Next' }).click();
    await visitor.page.getByText('No order may go there').first().waitFor();
  }],
  ['orders into a namespace that is not there', async visitor => {
    const page = visitor.page;
    await fill(page, 'Namespace', namespace);
    await page.getByRole('button', { name: 'Next' }).click();
    await fill(page, 'Image', IMAGE);
    await fill(page, 'Port', '5678');
    await page.getByRole('button', { name: /Review|Next/ }).click();
    await page.getByRole('button', { name: 'Create' }).click();
    await developer.approveAndMerge(await orderedThrough(page));
  }],
  ['has it made, with its labels, and the app runs in it', async () => {
    await eventually('the app is ready', () => field('apps.platform.backstack.dev', namespace, 'first', ready) === 'True');
    const label = field('namespace', namespace, namespace, '{.metadata.labels.backstack\\.dev/environment}');
    if (label !== 'development') throw new Error(`the new namespace is for ${label}`);
  }],
  ['is refused a namespace of the platform at the pull request', () =>
    refused('kyverno/app/mine.yaml', order('App', 'mine', app), /kyverno.*not for applications/)],
  ['has a broken file that stops nobody else', async () => {
    const { number } = await propose(developer, `${namespace}/app/broken.yaml`, 'apiVersion: v1\nkind: App\n  metadata: [\n');
    // As somebody does it who may change the rules: the check is asked for again right after.
    const check = wanted => new Git('gitea-admin', 'demo-cluster').call('PATCH', 'branch_protections/main', { enable_status_check: wanted });
    await check(false);
    await engineer.approve(number);
    // The platform puts the rule back each minute. To change it makes the server look at the pull request anew: no oftener than needed.
    const again = why => (/status checks/.test(why) ? check(false) : undefined);
    await engineer.merge(number, again).finally(() => check(true));
    await bring(`${namespace}/app/second.yaml`, order('App', 'second', app));
    await eventually('the next app is ready', () => field('apps.platform.backstack.dev', namespace, 'second', ready) === 'True');
    await eventually('the broken file is told with its line', () =>
      /broken\.yaml.*line \d/s.test(field('application', 'argocd', `${namespace}-app-broken`, '{.status.conditions[*].message}')));
  }],
  ['is refused a hostname and a name that are taken', async () => {
    const host = `${namespace}.localhost`;
    await bring(`${namespace}/webapp/web.yaml`, order('WebApp', 'web', { ...app, hostname: host }));
    await eventually('the web app is ready', () => field('webapps.platform.backstack.dev', namespace, 'web', ready) === 'True');
    await refused('demo/webapp/thief.yaml', order('WebApp', 'thief', { ...app, hostname: host }), new RegExp(`${namespace}/web`));
    await refused(`${namespace}/webapp/first.yaml`, order('WebApp', 'first', { ...app, hostname: `other-${host}` }), /name first is taken/);
    // Whoever has it may change the rest.
    await bring(`${namespace}/webapp/web.yaml`, order('WebApp', 'web', { ...app, hostname: host, replicas: 2 }));
    await eventually('the change is applied', () => field('webapps.platform.backstack.dev', namespace, 'web', '{.spec.replicas}') === '2');
  }],
  ['orders of an API in a group of its own', async () => {
    await publish('An API in a group of its own', api(DEFINITION, COMPOSITION));
    await eventually('the API is there', () => run('get', 'crd', `notes.${group}`));
    await eventually('developers may order it', () =>
      field('appproject', 'argocd', 'demo-cluster', '{.spec.namespaceResourceWhitelist[*].group}').includes(group));
    const pull = await propose(developer, `${namespace}/note/mine.yaml`, order('Note', 'mine', { text: 'x' }, `${group}/v1`));
    await verdict(pull, each => each.status === 'success');
    await engineer.approveAndMerge(pull.number);
    await eventually('the note is ready', () => field(`notes.${group}`, namespace, 'mine', ready) === 'True');
    await eventually('Argo CD knows how it is', () =>
      field('application', 'argocd', `${namespace}-note-mine`, '{.status.health.status}') === 'Healthy');
  }],
  ['sees it in the portal', async visitor => {
    await visitor.open(`/catalog/${namespace}/component/mine`);
    await visitor.until('the note has a page', page => page.getByText('Healthy'));
    await visitor.expectNoFault();
  }],
  ['is granted an exception by a platform engineer alone', async () => {
    await bring(`shop/webapp/shown-${stamp}.yaml`, order('WebApp', `shown-${stamp}`, { ...app, hostname: `shown-${stamp}.localhost` }));
    await eventually('the policy fails', () => judged() === 'fail');
    const pull = await propose(engineer, `shop/exception/shown-${stamp}.yaml`, exception(tomorrow));
    await developer.approve(pull.number);
    await verdict(pull, each => each.status === 'pending' && /platform engineer/.test(each.description));
    await developer.call('PATCH', `pulls/${pull.number}`, { state: 'closed' });
    const other = await propose(developer, `shop/exception/shown-${stamp}.yaml`, exception(tomorrow));
    await engineer.approveAndMerge(other.number);
    await eventually('the policy makes an exception', () => judged() === 'skip');
  }],
  ['sees it end', async () => {
    await bring(`shop/exception/shown-${stamp}.yaml`, exception(yesterday));
    await eventually('it has ended', () => field('exceptions.platform.backstack.dev', 'shop', `shown-${stamp}`, '{.status.state}') === 'Ended');
    await eventually('the policy counts again', () => judged() === 'fail');
  }],
  ['takes away what it has made', async () => {
    const files = [`${namespace}/app/first.yaml`, `${namespace}/app/broken.yaml`, `${namespace}/app/second.yaml`, `${namespace}/webapp/web.yaml`,
      `${namespace}/note/mine.yaml`, `shop/webapp/shown-${stamp}.yaml`, `shop/exception/shown-${stamp}.yaml`];
    const { number } = await developer.propose(`rules-${stamp}-away`, 'Take away what tried the rules', files.map(path => ({ path })));
    await engineer.approveAndMerge(number);
    await eventually('the note is gone', () => field(`notes.${group}`, namespace, 'mine', '{.metadata.name}') === '');
    await publish('Take the API away', api());
    run('delete', 'namespace', namespace, '--wait=false');
  }],
]);
