// The developer's way: look at an app that breaks a policy, order another one, mend it, and see the report turn green.
import { eventually, fill, Git, kubectl, orderedThrough, walk } from './platform.js';

const git = new Git('developer', 'demo-cluster');
const name = `browser-${Date.now().toString(36)}`;
const GOOD = process.env.BACKSTACK_GOOD_IMAGE ?? 'docker.io/hashicorp/http-echo:1.0.0';
const BAD = process.env.BACKSTACK_BAD_IMAGE ?? 'docker.io/library/nginx:1.29.3';
let number;

await walk('developer', [
  ['signs in with the Git account', async visitor => {
    await visitor.open('/');
    await visitor.page.getByRole('button', { name: 'Enter' }).waitFor();
    await visitor.picture('portal-sign-in');
    await visitor.signIn('developer');
    await visitor.page.getByText('2. See what runs').waitFor();
    await visitor.expectNoFault();
    await visitor.picture('portal-home');
  }],
  ['sees my-app, and the policy that it breaks', async visitor => {
    await visitor.open('/catalog/demo/component/my-app');
    await visitor.until('my-app fails policy no-nginx', page => page.locator('[data-testid=policy-no-nginx][data-result=fail]'));
    const why = await visitor.page.locator('[data-testid=policy-no-nginx]').innerText();
    if (!/nginx/i.test(why)) throw new Error(`the report does not say why: ${why}`);
    await visitor.page.getByText('Synced').first().waitFor();
    await visitor.expectNoFault();
    await visitor.picture('portal-app');
  }],
  ['sees its graph', async visitor => {
    await visitor.page.getByRole('tab', { name: 'Graph' }).or(visitor.page.getByRole('link', { name: 'Graph' })).first().click();
    await visitor.page.getByText('Deployment').first().waitFor();
    await visitor.picture('portal-graph');
  }],
  ['sees its pods', async visitor => {
    await visitor.open('/catalog/demo/component/my-app/kubernetes');
    await visitor.page.getByText('1 pod', { exact: true }).first().click();
    await visitor.expectNoFault();
    await visitor.picture('portal-pods');
  }],
  ['fills in the template of an app', async visitor => {
    const page = visitor.page;
    await visitor.open('/create');
    await page.getByText('App', { exact: true }).first().waitFor();
    await visitor.picture('portal-templates');
    await visitor.open('/create/templates/default/apps.platform.backstack.dev-v1alpha1');
    await page.getByRole('textbox', { name: 'Name' }).fill(name);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('textbox', { name: 'Image' }).fill(BAD);
    await fill(page, 'Port', '80');
  }],
  ['reads at the field what a policy will say', async visitor => {
    const said = visitor.page.locator('[data-testid=finding][data-refuses=false]').filter({ hasText: 'no-nginx' });
    await said.waitFor();
    const [field, words] = [await visitor.page.getByRole('textbox', { name: 'Image' }).boundingBox(), await said.boundingBox()];
    if (words.y < field.y || words.y > field.y + 200) throw new Error(`it stands ${words.y - field.y} below the field`);
    await visitor.expectGood('portal-form');
  }],
  ['reviews the file of the order and sends it', async visitor => {
    await visitor.picture('portal-form');
    await visitor.page.getByRole('button', { name: /Review|Next/ }).click();
    await visitor.page.getByText(`New file demo/app/${name}.yaml`).waitFor();
    await visitor.page.getByTestId('difference').getByText(`+   name: ${name}`).waitFor();
    await visitor.page.getByText(`creates Deployment demo/${name}`).waitFor();
    await visitor.expectGood('portal-review');
    await visitor.page.getByRole('button', { name: 'Create' }).click();
    number = await orderedThrough(visitor.page);
    await visitor.picture('portal-ordered');
  }],
  ['reads the pull request in Gitea', async visitor => {
    await visitor.open(`/gitea/backstack/demo-cluster/pulls/${number}/files`);
    const page = visitor.page;
    if (await page.locator('input[name=password]').count()) {
      throw new Error('Gitea asks for a password although the portal signed in with it');
    }
    await visitor.picture('gitea-pull-request');
    const { body, requested_reviewers_teams: asked } = await git.call('GET', `pulls/${number}`);
    for (const text of ['For @developer.', `/catalog/demo/component/${name}`]) {
      if (!body.includes(text)) throw new Error(`the pull request does not say "${text}": ${body}`);
    }
    if (!asked?.length) throw new Error('nobody was asked for a review');
  }],
  ['approves and merges the order on Home', async visitor => {
    await visitor.open('/');
    const order = visitor.page.getByTestId(`order-demo-cluster-${number}`);
    await order.getByText('Waits for a review').waitFor();
    await visitor.picture('portal-orders');
    await order.getByRole('button', { name: 'Approve and merge' }).click();
    await order.getByText(/^(Merged|Runs)/).waitFor();
    // Gitea refuses with this while it still looks for conflicts, and the portal asks again: it is merged now.
    visitor.expected(405);
  }],
  ['sees the new app run', async visitor => {
    const start = Date.now();
    await visitor.open(`/catalog/demo/component/${name}`);
    await visitor.until(`${name} is in the catalog, synced and healthy`, page => page.getByText('Healthy'));
    console.log(`  from merge to healthy: at most ${((Date.now() - start) / 1000).toFixed(0)} s`);
    await visitor.until('its report fails', page => page.locator('[data-testid=policy-no-nginx][data-result=fail]'));
    await visitor.picture('portal-new-app');
  }],
  ['reads the lines of its pod', async visitor => {
    const pod = visitor.page.locator(`[data-testid^="pod-${name}-"]`).first();
    await pod.getByRole('button', { name: /^Logs of/ }).click();
    await pod.getByTestId('log').getByText(/start worker process|nginx/).first().waitFor();
    await visitor.expectGood('portal-logs');
  }],
  ['sees how it came from Git, and syncs it', async visitor => {
    const page = visitor.page;
    await visitor.open(`/catalog/demo/component/${name}/delivery`);
    await page.getByTestId('node-Deployment').getByText('✓ Healthy').first().waitFor();
    await page.getByRole('list', { name: 'History' }).getByText(`Add App ${name}`).waitFor();
    await page.getByText('The cluster has what Git says.').waitFor();
    await visitor.expectGood('portal-delivery');
    const last = () => page.getByRole('row', { name: /Last Sync/ }).innerText();
    const before = await last();
    await page.getByRole('button', { name: `Sync demo-app-${name}` }).click();
    await eventually('it was synced once more', async () => (await last()) !== before);
    await page.getByText('✓ Synced').first().waitFor();
  }],
  ['sees all that Argo CD brings', async visitor => {
    await visitor.open('/delivery');
    await visitor.page.getByTestId(`delivery-demo-app-${name}`).getByRole('link', { name: `demo-app-${name}` }).waitFor();
    await visitor.page.getByTestId('delivery-platform').waitFor();
    await visitor.expectGood('portal-deliveries');
  }],
  ['sees state, pods and lines of a Deployment that nobody ordered', async visitor => {
    const plain = `${name}-plain`;
    kubectl('create', 'deployment', plain, '--namespace', 'demo', `--image=${GOOD}`, '--', '/http-echo', '-text=plain');
    try {
      await visitor.open(`/catalog/demo/component/${plain}`);
      await visitor.until('it is in the catalog, with its pod', page => page.locator(`[data-testid^="pod-${plain}-"]`).getByText('✓ Healthy'));
      // Until it was there, its page was asked for in vain.
      visitor.consoleErrors.length = 0;
      await visitor.page.getByTestId('status').waitFor();
      await visitor.page.getByRole('button', { name: new RegExp(`^Logs of ${plain}`) }).click();
      await visitor.page.getByTestId('log').getByText('listening').waitFor();
      await visitor.expectGood('portal-plain');
      await visitor.open(`/catalog/demo/component/${plain}/delivery`);
      await visitor.page.getByText('This was not brought by Argo CD').waitFor();
      await visitor.page.getByTestId('node-Pod').waitFor();
    } finally {
      kubectl('delete', 'deployment', plain, '--namespace', 'demo');
    }
  }],
  ['sees it among what breaks the policy', async visitor => {
    await visitor.open('/policies');
    await visitor.page.getByTestId('policy-no-nginx').getByText(`App ${name}`).waitFor();
    await visitor.expectNoFault();
    await visitor.picture('portal-policies');
  }],
  ['searches the docs, and arrives at the place that answers', async visitor => {
    const page = visitor.page;
    await visitor.open('/search?query=how%20do%20I%20delete%20an%20app');
    await visitor.until('the docs are found', found => found.getByTestId('found'));
    await visitor.picture('portal-search');
    await page.getByRole('link', { name: 'Delete an app', exact: true }).click();
    const heading = page.getByRole('heading', { name: 'Delete an app', exact: true });
    await heading.waitFor();
    await eventually('the heading is on the screen', async () => (await heading.boundingBox()).y < 700);
    await visitor.open('/search?query=xyzzyx');
    await page.getByText('Nothing found').waitFor();
    await visitor.expectNoFault();
  }],
  ['changes the image with the update form', async visitor => {
    await visitor.open(`/catalog/demo/component/${name}/change`);
    const page = visitor.page;
    await page.getByRole('textbox', { name: 'Image' }).fill(GOOD);
    await fill(page, 'Port', '5678');
    await page.getByRole('textbox', { name: 'Why' }).fill('nginx is not allowed here.');
    await page.getByTestId('difference').getByText(`+   image: ${GOOD}`).waitFor();
    await page.getByText('The platform has nothing against it.').waitFor();
    await visitor.picture('portal-change');
    await visitor.expectGood('portal-change');
    await page.getByRole('button', { name: 'Open a pull request' }).click();
    number = await orderedThrough(page);
    await git.approveAndMerge(number);
  }],
  ['sees the report turn green', async visitor => {
    await visitor.open(`/catalog/demo/component/${name}`);
    await visitor.until('policy no-nginx passes', page => page.locator('[data-testid=policy-no-nginx][data-result=pass]'));
    await eventually('no other result of it is left', async () =>
      (await visitor.page.locator('[data-testid=policy-no-nginx][data-result=fail]').count()) === 0);
    await visitor.expectNoFault();
    await visitor.picture('portal-green');
  }],
]);
