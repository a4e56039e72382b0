// The platform under another address, as through a tunnel: sign-in goes to Gitea and back under that name, and no page
// leads elsewhere.
import { url, walk } from './platform.js';

/** Every link of a page to a place of the platform has the platform's address. */
async function staysHere(page) {
  const links = await page.locator('a[href^="http"]').evaluateAll(all => all.map(each => each.href));
  const astray = links.filter(link => /\/\/(localhost|127\.0\.0\.1)/.test(link));
  if (astray.length > 0) throw new Error(`${page.url()} leads to ${astray.join(', ')}`);
  if (!page.url().startsWith(url)) throw new Error(`the browser ended at ${page.url()}`);
}

await walk('other-address', [
  ['signs in with the Git account', async visitor => {
    await visitor.signIn('developer');
    await visitor.expectNoFault();
    await staysHere(visitor.page);
  }],
  ['sees an app and where its manifest is', async visitor => {
    await visitor.open('/catalog/demo/component/my-app');
    await visitor.page.getByText('Synced').first().waitFor();
    await visitor.expectNoFault();
    await staysHere(visitor.page);
  }],
  ['opens Gitea, signed in already', async visitor => {
    await visitor.open('/gitea/backstack/demo-cluster');
    await visitor.page.getByText('demo-cluster').first().waitFor();
    await staysHere(visitor.page);
  }],
  ["asks Argo CD's API", async visitor => {
    const answer = await visitor.page.goto(`${url}/argocd/api/version`);
    if (!answer.ok()) throw new Error(`Argo CD answers ${answer.status()}`);
  }],
]);
