// A catalog of many: Home, the catalog, search, and who owns it all stay quick, paged and without a fault. The components come from
// the portal's own file of entities, for a while: nothing is made in the cluster but that the portal starts anew, twice.
//   BACKSTACK_CROWD   how many (default: 2000)
import { execFileSync } from 'node:child_process';
import { eventually, kubectl, url, walk } from './platform.js';

const MANY = Number(process.env.BACKSTACK_CROWD ?? 2000);
/** Seconds in which a page shows what people come for, also on a machine that has other work. */
const QUICK = 10;
/** KiB that a page may be told. */
const SMALL = 600;
const ENTITIES = 'entities.yaml';
const name = number => `crowd-${String(number).padStart(4, '0')}`;
const component = number => `---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: ${name(number)}, description: One of many that somebody has registered}
spec: {type: library, lifecycle: production, owner: developers}
`;

function replace(map) {
  const [program, ...first] = process.env.BACKSTACK_KUBECTL.split(' ');
  if (first[0] === 'exec') first.splice(1, 0, '--interactive');
  execFileSync(program, [...first, 'replace', '--filename', '-'], { input: JSON.stringify(map), encoding: 'utf8' });
}

/** Writes the portal's file of entities, and has it read. */
function write(entities) {
  const map = JSON.parse(kubectl('get', 'configmap', 'backstage', '--namespace', 'backstage', '--output', 'json'));
  const before = map.data[ENTITIES];
  map.data[ENTITIES] = entities(before);
  delete map.metadata.resourceVersion;
  replace(map);
  kubectl('rollout', 'restart', 'deployment/backstage', '--namespace', 'backstage');
  kubectl('rollout', 'status', 'deployment/backstage', '--namespace', 'backstage', '--timeout=300s');
  return before;
}

/** Asks the catalog as whoever has signed in may; sends something where there is a body. */
async function ask(visitor, route, body) {
  const { page } = visitor;
  const asked = page.waitForRequest(request => request.url().includes('/api/') && request.headers().authorization);
  await visitor.open('/catalog');
  const { authorization } = (await asked).headers();
  return page.evaluate(async ([path, token, sent]) => {
    const headers = { authorization: token, 'content-type': 'application/json' };
    const answer = await fetch(`/api/catalog/${path}`, sent ? { method: 'POST', headers, body: JSON.stringify(sent) } : { headers });
    return answer.headers.get('content-type')?.includes('json') ? answer.json() : undefined;
  }, [route, authorization, body]);
}

const count = async visitor => (await ask(visitor, 'entities/by-query?limit=0&filter=kind=component,spec.type=library')).totalItems;

/** Has the file read now, and not within ten minutes. */
async function refresh(visitor) {
  const { items } = await ask(visitor, 'entities/by-query?filter=kind=location,spec.type=file');
  for (const { metadata } of items) await ask(visitor, 'refresh', { entityRef: `location:default/${metadata.name}` });
}

/** Opens a page, and fails where it is slow, big, or says anything wrong. */
async function look(visitor, title, route, seen) {
  const { page } = visitor;
  let bytes = 0;
  const weigh = request => {
    if (request.url().includes('/api/')) void request.sizes().then(sizes => { bytes += sizes.responseBodySize; }, () => undefined);
  };
  page.on('requestfinished', weigh);
  const start = Date.now();
  await visitor.open(route);
  await seen(page).first().waitFor();
  const seconds = (Date.now() - start) / 1000;
  await page.waitForTimeout(1500);
  page.off('requestfinished', weigh);
  console.log(`crowd: ${title}: ${seconds.toFixed(1)} s, ${(bytes / 1024).toFixed(0)} KiB told`);
  await visitor.expectGood(`crowd-${title.replaceAll(' ', '-')}`);
  if (seconds > QUICK) throw new Error(`${url}${route} took ${seconds.toFixed(1)} s`);
  if (bytes / 1024 > SMALL) throw new Error(`${url}${route} was told ${(bytes / 1024).toFixed(0)} KiB`);
}

const text = words => page => page.getByText(words);
/** What is wrong, told when all are gone again. */
const problems = [];
let before;

const pages = [
  ['Home', visitor => look(visitor, 'Home', '/', text('my-app'))],
  ['the catalog, a page at a time', async visitor => {
    await look(visitor, 'catalog', '/catalog?filters[kind]=component&filters[user]=all', text(/crowd-0/));
    const rows = await visitor.page.locator('tbody tr').count();
    if (rows > 100) throw new Error(`the catalog shows ${rows} rows at once`);
  }],
  ['one of them', visitor => look(visitor, 'one', `/catalog/default/component/${name(MANY - 1)}`, text('One of many'))],
  ['who owns them', visitor => look(visitor, 'owner', '/catalog/default/group/developers', text('Developers'))],
  ['search', async visitor => {
    const found = page => page.getByRole('link', { name: name(MANY - 1) });
    await visitor.open(`/search?query=${name(MANY - 1)}`);
    await visitor.until('search knows the last of them', found, 300_000);
    await look(visitor, 'search', `/search?query=${name(MANY - 1)}`, found);
  }],
  ['search of what all have', visitor => look(visitor, 'search all', '/search?query=crowd', text(/crowd-0/))],
];
const noted = ([title, step]) => [title, visitor => step(visitor).catch(error => { problems.push(`${title}: ${error.message}`); })];

await walk('crowd', [
  noted([`${MANY} components come`, async visitor => {
    before = write(entities => entities + Array.from({ length: MANY }, (_, number) => component(number)).join(''));
    await visitor.signIn('platform-engineer');
    await refresh(visitor);
    await eventually('all are in the catalog', async () => (await count(visitor)) >= MANY, 600_000);
    visitor.consoleErrors.length = 0;
  }]),
  ...pages.map(noted),
  ['they go again', async visitor => {
    if (before !== undefined) write(() => before);
    await refresh(visitor);
    await eventually('none is left', async () => (await count(visitor)) === 0, 600_000);
  }],
  ['says what is wrong', () => {
    if (problems.length > 0) throw new Error(`\n  ${problems.join('\n  ')}`);
  }],
]);
