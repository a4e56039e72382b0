// The platform engineer's way: give the platform a new API through Git, order a database with it, publish the next version.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually, Git, kubectl, walk } from './platform.js';

const examples = path.join(process.env.BACKSTACK_EXAMPLES, 'database');
const policies = path.join(import.meta.dirname, '../../../stacks/back/components/gitops/repositories/platform/policies');
const platform = new Git('platform-engineer', 'platform');
const reviewer = new Git('developer', 'platform');
const orders = new Git('developer', 'demo-cluster');
const name = `browser-${Date.now().toString(36)}`;
const TEMPLATE = 'databases.platform.backstack.dev';
/** A database needs longer than an app: it makes its files first. */
const SLOW = 300_000;

/** The files of a version, without its examples. */
function files(version) {
  const folder = path.join(examples, version);
  const names = readdirSync(folder).filter(file => file.endsWith('.yaml'));
  return names.map(file => ({ path: `apis/database/${file}`, content: readFileSync(path.join(folder, file), 'utf8') }));
}

/** Publishes files in the repository `platform`: one person asks, another approves. */
async function publish(branch, title, changes) {
  const { number } = await platform.propose(`${branch}-${name}`, title, changes);
  await reviewer.approve(number);
  await platform.merge(number);
}

await walk('platform-engineer', [
  ['signs in with the Git account', async visitor => {
    await visitor.signIn('platform-engineer');
  }],
  ['publishes the Database API through Git', async () => {
    await publish('database', 'Add the Database API', files('v1alpha1'));
  }],
  ['sees its template in the portal', async visitor => {
    await visitor.open('/create');
    await visitor.until('a template for a database', page => page.getByText('Database', { exact: true }));
    await visitor.picture('portal-new-template');
  }],
  ['orders a database', async visitor => {
    await visitor.open(`/create/templates/default/${TEMPLATE}-v1alpha1`);
    const page = visitor.page;
    await page.getByRole('textbox', { name: 'Name' }).fill(name);
    await page.getByRole('button', { name: 'Next' }).click();
    await visitor.picture('portal-database-form');
    await page.getByRole('button', { name: /Review|Next/ }).click();
    await page.getByRole('button', { name: 'Create' }).click();
    const link = page.getByRole('link', { name: 'Open the pull request' }).or(page.getByRole('button', { name: 'Open the pull request' }));
    await link.first().waitFor();
    const number = Number(/\/pulls\/(\d+)/.exec(await link.first().getAttribute('href'))[1]);
    await orders.approveAndMerge(number);
  }],
  ['sees it in the catalog, ready', async visitor => {
    await visitor.open(`/catalog/demo/component/${name}`);
    await visitor.until(`${name} is healthy`, page => page.getByText('Healthy'), SLOW);
    await visitor.page.getByText(`${name}-app`, { exact: true }).first().waitFor();
    await visitor.page.getByText('1 of 1 ready').first().waitFor();
    await visitor.picture('portal-database');
  }],
  ['asks PostgreSQL', async () => {
    const pod = await eventually('a pod of PostgreSQL', () =>
      kubectl('get', 'pods', '--namespace', 'demo', '--selector', `cnpg.io/cluster=${name}`, '--output', 'name').trim().split('\n')[0]);
    const answer = kubectl('exec', '--namespace', 'demo', pod, '--container', 'postgres', '--', 'psql', '--tuples-only', '--command', 'select 6 * 7');
    if (answer.trim() !== '42') throw new Error(`PostgreSQL answered: ${answer}`);
  }],
  ['publishes v1beta1 and deprecates v1alpha1', async () => {
    await publish('database-v1beta1', 'Database v1beta1; v1alpha1 is deprecated', files('v1beta1'));
  }],
  ['is offered the new version and warned of the old', async visitor => {
    await visitor.open('/create');
    await visitor.until('the old version is called deprecated', page => page.getByText('Database (v1alpha1, deprecated)'));
    await visitor.picture('portal-versions');
    await visitor.open(`/create/templates/default/${TEMPLATE}-v1beta1`);
    await visitor.page.getByRole('textbox', { name: 'Name' }).waitFor();
    await visitor.open(`/catalog/demo/component/${name}/change`);
    await visitor.page.getByText('Version v1alpha1 is deprecated').waitFor();
    await visitor.picture('portal-deprecated');
    await visitor.expectNoFault();
  }],
  // The catalog had the old version's API before it was deprecated.
  ['reads at the old API that it is deprecated', async visitor => {
    await visitor.open('/catalog/default/api/database-platform.backstack.dev--v1alpha1');
    await visitor.until('the API is called deprecated', page => page.getByText('deprecated', { exact: true }));
    await visitor.expectNoFault();
  }],
  ['makes a policy refuse, and report again', async () => {
    const put = file => [{ path: 'policies/no-nginx.yaml', content: readFileSync(path.join(policies, file), 'utf8') }];
    const tried = () => kubectl('patch', 'apps.platform.backstack.dev', 'my-app', '-n', 'demo', '--dry-run=server', '--type=merge', '-p={"spec":{"replicas":2}}');
    await publish('refuse', 'Refuse nginx', put('examples/no-nginx-enforce.yaml'));
    await eventually('no-nginx refuses', async () => {
      try {
        tried();
      } catch (error) {
        return /no-nginx/.test(String(error.stderr));
      }
    });
    await publish('report', 'Only report nginx', put('no-nginx.yaml'));
    await eventually('no-nginx only reports', async () => tried());
  }],
]);
