// What people are told, and the course, as they are seen on a phone and on a desk: no error in the console, no serious
// violation of accessibility.
//   scripts/tools/browser/run news
import { eventually, Git, password, url, walk } from './platform.js';

const git = new Git('platform-engineer', 'demo-cluster');
const name = `news-${Date.now().toString(36)}`;
const file = `demo/app/${name}.yaml`;
let number;

/** Looks at a page at each width; `see` waits for what has to be there. */
async function look(visitor, route, see) {
  await visitor.open(route);
  await see(visitor.page);
  await visitor.expectGood(`news${route.replaceAll('/', '-')}`);
}

/** The notifications of a person, as the portal's page asks for them. */
async function notices(visitor) {
  return visitor.page.evaluate(async () => {
    const { backstageIdentity: { token } } = await (await fetch('/api/auth/oauth2/refresh?env=production', { headers: { 'x-requested-with': 'XMLHttpRequest' } })).json();
    const answer = await fetch('/api/notifications/notifications?limit=100', { headers: { authorization: `Bearer ${token}` } });
    return (await answer.json()).notifications.map(each => each.payload);
  });
}

/** Waits for notices about what this walk orders; none may be there twice. */
async function told(visitor, ...titles) {
  const found = await eventually(`these are told: ${titles.join(', ')}`, async () => {
    const all = (await notices(visitor)).map(each => each.title).filter(each => each.includes(name));
    return titles.every(each => all.includes(each)) && all;
  });
  if (new Set(found).size !== found.length) throw new Error(`something was told twice: ${found.join(', ')}`);
}

await walk('news', [
  ['signs in', visitor => visitor.signIn('developer')],
  ['looks at a page of the docs with a picture', visitor => look(visitor, '/docs/how-to/portal-plugins.md', async page => {
    const picture = page.getByRole('img', { name: /portal/i }).first();
    await picture.scrollIntoViewIfNeeded();
    await eventually('the picture is there', () => picture.evaluate(each => each.complete && each.naturalWidth > 0));
  })],
  ['looks at the course', visitor => look(visitor, '/workshop', page => page.getByTestId('track-developer').waitFor())],
  ['looks at a track and its first step', visitor => look(visitor, '/workshop/developer', async page => {
    await page.getByTestId('next').getByText('backstack workshop').first().waitFor();
    await page.locator('h2[id]').first().waitFor();
    const text = await page.locator('main').innerText();
    if (text.includes('<!--') || text.includes('answer:')) throw new Error('the page shows what is for programs');
  })],
  ['orders an app, and its reviewers hear of it', async visitor => {
    const session = await visitor.page.evaluate(async () => (await (await fetch('/api/auth/oauth2/refresh?env=production', { headers: { 'x-requested-with': 'XMLHttpRequest' } })).json()).backstageIdentity.token);
    const values = { name, namespace: 'demo', spec: { image: 'docker.io/hashicorp/http-echo:1.0.0', port: 5678 } };
    const answer = await fetch(`${url}/api/scaffolder/v2/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      body: JSON.stringify({ templateRef: 'template:default/apps.platform.backstack.dev-v1alpha1', values }),
    });
    if (!answer.ok) throw new Error(`the order was refused: ${answer.status} ${await answer.text()}`);
    const pull = await eventually('the pull request is there', async () =>
      (await git.call('GET', 'pulls?state=open&limit=50')).find(each => each.title.includes(name)));
    number = pull.number;
  }],
  ['somebody else merges it: its author hears that, and that it runs', async visitor => {
    await git.approveAndMerge(number);
    await told(visitor, `Merged: Add App ${name} to demo`, `App demo/${name} runs`);
  }],
  ['sees it at the bell, and where it leads', visitor => look(visitor, '/notifications', async page => {
    await page.getByText(`App demo/${name} runs`).first().waitFor();
  })],
  ['breaks it, and hears that it does not run', async visitor => {
    const text = (await git.read(file)).replace('http-echo:1.0.0', 'http-echo:9.9.9-is-not-there');
    const { number: change } = await git.propose(`${name}-break`, `Break ${name}`, [{ path: file, content: text }]);
    await new Git('developer', 'demo-cluster').approve(change).catch(() => undefined);
    await git.merge(change);
    await told(visitor, `App demo/${name} does not run`);
  }],
  ['takes it away', async () => {
    const { number: change } = await git.propose(`${name}-away`, `Take ${name} away`, [{ path: file }]);
    await new Git('developer', 'demo-cluster').approve(change);
    await git.merge(change);
  }],
  ['a platform engineer was asked for the review, once', async visitor => {
    if (!password('platform-engineer')) throw new Error('there is no platform engineer');
    await visitor.page.context().clearCookies();
    await visitor.signIn('platform-engineer');
    await told(visitor, `Review asked: Add App ${name} to demo`);
  }],
]);
