// Orders of every other API of the platform: a web app, whose page then opens under its own name, and a cluster app; and
// what becomes of them in the catalog when they are changed or removed.
import { fill, Git, orderedThrough, url, walk } from './platform.js';

const git = new Git('developer', 'demo-cluster');
const stamp = Date.now().toString(36);
const web = `web-${stamp}`;
const wide = `wide-${stamp}`;
const host = `${web}.localhost`;
const IMAGE = process.env.BACKSTACK_GOOD_IMAGE ?? 'docker.io/hashicorp/http-echo:1.0.0';

const DESCRIPTION = 'Answers for the whole cluster';

/** A manifest with a description for the catalog. */
function described(manifest) {
  return manifest.replace(/^metadata:\n/m, `metadata:\n  annotations: {terasky.backstage.io/description: ${DESCRIPTION}}\n`);
}

async function order(visitor, template, name, fields) {
  const page = visitor.page;
  await visitor.open(`/create/templates/default/${template}.platform.backstack.dev-v1alpha1`);
  await fill(page, 'Name', name);
  await page.getByRole('button', { name: 'Next' }).click();
  for (const [field, value] of Object.entries(fields)) await fill(page, field, value);
  await page.getByRole('button', { name: /Review|Next/ }).click();
  await page.getByRole('button', { name: 'Create' }).click();
  await git.approveAndMerge(await orderedThrough(page));
}

/** Presses a button of the card "Change it", fills in its question, and has the pull request merged. */
async function change(visitor, action, answer) {
  const page = visitor.page;
  await visitor.open(`/catalog/demo/component/${web}`);
  await page.getByRole('button', { name: action, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await answer(dialog);
  await dialog.getByRole('button', { name: 'Open a pull request' }).click();
  await git.approveAndMerge(await orderedThrough(page));
}

async function seePods(visitor, told) {
  await visitor.open(`/catalog/demo/component/${web}`);
  await visitor.page.getByText(told).waitFor();
}

await walk('orders', [
  ['signs in', visitor => visitor.signIn('developer')],
  ['orders a web app', visitor => order(visitor, 'webapps', web, { Image: IMAGE, Port: '5678', Hostname: host })],
  ['orders a cluster app', visitor => order(visitor, 'clusterapps', wide, { Image: IMAGE, Port: '5678', Namespace: 'demo' })],
  ['sees the web app run', async visitor => {
    await visitor.open(`/catalog/demo/component/${web}`);
    await visitor.until(`${web} is healthy`, page => page.getByText('Healthy'));
    await visitor.expectNoFault();
  }],
  ['opens its page from there', async visitor => {
    const address = new URL(url);
    address.hostname = host;
    const told = await visitor.page.getByRole('button', { name: /^Open\s*(,|$)/ }).first().getAttribute('href');
    if (new URL(told).href !== address.href) throw new Error(`its page leads to ${told}, not to ${address}`);
    await visitor.page.goto(told);
    await visitor.until('the web app answers under its own name', page => page.getByText(/\w+/));
    const text = await visitor.page.locator('body').innerText();
    if (/404|not found|no available server/i.test(text)) throw new Error(`${address} says ${text.slice(0, 100)}`);
  }],
  ['may not take it out of the catalog by hand', async visitor => {
    await visitor.open(`/catalog/demo/component/${web}`);
    await visitor.page.getByRole('button', { name: 'More actions' }).click();
    const way = visitor.page.getByRole('menuitem', { name: /unregister/i });
    await way.waitFor();
    if (await way.isEnabled()) throw new Error('the portal offers to unregister what runs in the cluster');
  }],
  ['scales it', async visitor => {
    await change(visitor, 'Scale', dialog => dialog.getByLabel('Replicas').fill('2'));
    await seePods(visitor, '2 of 2 ready');
  }],
  ['rolls it back', async visitor => {
    await change(visitor, 'Roll back', dialog => dialog.getByRole('radio').first().click());
    await seePods(visitor, '1 of 1 ready');
  }],
  ['sees the cluster app run', async visitor => {
    await visitor.open(`/catalog/default/component/${wide}`);
    await visitor.until(`${wide} is healthy`, page => page.getByText('Healthy'));
    await visitor.expectNoFault();
  }],
  ['deletes the web app', async visitor => {
    await change(visitor, 'Delete', async dialog => {
      for (const part of ['Deployment', 'Ingress']) await dialog.getByText(`${part} ${web}`).waitFor();
    });
    await visitor.until(`${web} is gone from the catalog`, page => page.getByText(/not found/i));
  }],
  ['describes the cluster app, through Git', async () => {
    const file = `cluster/clusterapp/${wide}.yaml`;
    const { number } = await new Git('platform-engineer', 'demo-cluster').propose(
      `describe-${wide}`, `Describe ${wide}`, [{ path: file, content: described(await git.read(file)) }]);
    await git.approveAndMerge(number);
  }],
  ['reads how the cluster app is described now', async visitor => {
    await visitor.open(`/catalog/default/component/${wide}`);
    await visitor.until('the new description', page => page.getByText(DESCRIPTION));
  }],
  // The last one that came to the namespace went: its system is still that of the others.
  ['sees the others as before', async visitor => {
    await visitor.open('/catalog/default/system/demo');
    await visitor.page.getByText('my-app').first().waitFor();
    await visitor.open('/catalog/demo/component/my-app');
    await visitor.page.getByText('Synced').first().waitFor();
    await visitor.expectNoFault();
  }],
]);
