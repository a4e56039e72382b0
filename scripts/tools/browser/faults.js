// What goes wrong around the portal: two people at one file, and parts of the platform that are away. Each is said in words, and
// is over by itself.
//   BACKSTACK_AWAY   parts that are taken away for a moment, one after the other, for all who use the platform: of gitea, argocd
//                    and kyverno (default: none)
import { eventually, fill, Git, kubectl, orderedThrough, walk } from './platform.js';

const developer = new Git('developer', 'demo-cluster');
const engineer = new Git('platform-engineer', 'demo-cluster');
const name = `faults-${Date.now().toString(36)}`;
const file = `demo/app/${name}.yaml`;
const page = `/catalog/demo/component/${name}`;
const manifest = spec => `apiVersion: platform.backstack.dev/v1alpha1\nkind: App\nmetadata:\n  name: ${name}\n  namespace: demo\nspec:\n${spec}`;
const SPEC = '  image: docker.io/hashicorp/http-echo:1.0.0\n  port: 5678\n  replicas: 1\n';
/** What is taken away, the tab that tells it, and how. */
const AWAY = {
  gitea: { namespace: 'gitea', kinds: 'deployment/gitea', tab: '', words: /the Git server does not answer|Git server answered 50\d/ },
  argocd: { namespace: 'argocd', kinds: 'deployment/argocd-repo-server statefulset/argocd-application-controller', tab: '/delivery', words: /Argo CD is not all there/ },
  kyverno: { namespace: 'kyverno', kinds: 'deployment/kyverno-admission-controller deployment/kyverno-reports-controller', tab: '', words: /Kyverno is not all there/ },
};
const wanted = (process.env.BACKSTACK_AWAY ?? '').split(',').filter(Boolean);

async function merge(branch, content) {
  const { number } = await engineer.propose(`${name}-${branch.replace(' ', '-')}`, `${branch} ${name}`, [{ path: file, content }]);
  await developer.approve(number);
  await engineer.merge(number);
}

/** Fills in how many there shall be, on the form that changes it. */
async function change(visitor, replicas) {
  await visitor.open(`${page}/change`);
  await fill(visitor.page, 'Replicas', String(replicas));
}

const send = visitor => visitor.page.getByRole('button', { name: 'Open a pull request' }).click();

/** Takes a part of the platform away; the page says so, and shows all again when it is back, without being loaded again. */
async function away(visitor, { namespace, kinds, tab, words }) {
  const scale = replicas => kubectl('scale', ...kinds.split(' '), '--namespace', namespace, `--replicas=${replicas}`);
  await visitor.open(`${page}${tab}`);
  await visitor.page.getByText('Synced', { exact: false }).first().waitFor();
  scale(0);
  try {
    await visitor.page.getByText(words).first().waitFor();
    await visitor.expectNoFault();
    await visitor.picture(`faults-${namespace}`);
  } finally {
    scale(1);
  }
  await visitor.page.getByText(words).first().waitFor({ state: 'detached' });
  // What the browser noted meanwhile is rightly said.
  visitor.consoleErrors.length = 0;
}

await walk('faults', [
  ['signs in, and has an app', async visitor => {
    await visitor.signIn('developer');
    await merge('Add', manifest(SPEC));
    await visitor.open(page);
    await visitor.until('the app has a page', each => each.getByText('Healthy').or(each.getByText('Synced')));
  }],
  ['changes what somebody else has changed meanwhile: it is refused in words', async visitor => {
    await change(visitor, 2);
    await merge('Change', manifest(SPEC.replace('1.0.0', '1.0')));
    await send(visitor);
    await visitor.page.getByText(/was changed in Git meanwhile/).first().waitFor();
    await merge('Change back', manifest(SPEC));
  }],
  ['opens a pull request, and nobody can open a second one', async visitor => {
    await change(visitor, 2);
    await send(visitor);
    await orderedThrough(visitor.page);
    await visitor.open(`${page}/change`);
    await visitor.page.getByText('A pull request for this file is open already').waitFor();
  }],
  ['hears on Home that it conflicts with what was merged', async visitor => {
    await merge('Scale', manifest(SPEC.replace('replicas: 1', 'replicas: 3')));
    await visitor.open('/');
    await visitor.until('the conflict is told', each => each.getByText(/Conflicts with what was merged meanwhile/));
    await visitor.expectNoFault();
  }],
  ...wanted.map(part => [`says that ${part} is away, and comes back`, visitor => away(visitor, AWAY[part])]),
  ['takes it away', async () => {
    const open = await developer.call('GET', 'pulls?state=open&limit=50');
    for (const { number } of open.filter(each => each.title.includes(name))) await developer.call('PATCH', `pulls/${number}`, { state: 'closed' });
    await merge('Delete');
    await eventually('the app is gone', () => !kubectl('get', 'apps.platform.backstack.dev', '--namespace', 'demo').includes(name));
  }],
]);
