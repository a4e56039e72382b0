// Every page of the portal can be used by everybody: no serious violation of axe's rules, in light and in dark, no fault, no
// error in the console. All that is wrong is told at the end, and not only the first of it.
//   BACKSTACK_PAGES   only pages whose address has this in it
//   BACKSTACK_DARK    `all`: all of them in the dark, too, and not only one of each kind
import { seriousFaults } from './access.js';
import { kubectl, url, walk, WIDTHS } from './platform.js';

const ONLY = process.env.BACKSTACK_PAGES ?? '';
const ALL_DARK = process.env.BACKSTACK_DARK === 'all';
const [NARROW, WIDE] = WIDTHS;
const HEIGHT = 900;
/** Milliseconds without a request after which a page has all that it asks for, and has drawn it. */
const PAUSE = 300;
/** A page that changes is drawn once, and what is mended in it in the next frame; another one is for what that changes. */
const FRAMES = 3;
/** What the dark theme may spoil: the rest was looked at in the light. */
const COLOURS = ['color-contrast', 'link-in-text-block'];
/** What a narrow screen may spoil: colours stay. */
const PLACES = ['aria-hidden-focus', 'aria-required-children', 'button-name', 'link-name', 'label', 'nested-interactive', 'scrollable-region-focusable', 'target-size'];
const TEMPLATE = 'default/apps.platform.backstack.dev-v1alpha1';
/** Pages with tabs of their own, which are found on them. */
const ENTITIES = ['demo/component/my-app', 'default/system/demo', 'default/group/developers', 'default/user/developer', `${TEMPLATE.replace('/', '/template/')}`];
const PAGES = [
  '/', '/catalog', '/catalog?filters%5Bkind%5D=api', '/create', `/create/templates/${TEMPLATE}`, '/create/tasks', '/create/actions', '/docs',
  '/docs/reference/commands.md', '/docs/architecture.md', '/search', '/search?query=app', '/search?query=zzqx', '/policies', '/delivery', '/workshop',
  '/workshop/developer', '/settings', '/settings/auth-providers', '/settings/feature-flags', '/notifications', '/nothing-is-here',
];
/** In the dark, one page of each kind: what has colours of its own. */
const DARK = [
  '/', '/catalog', `/create/templates/${TEMPLATE}`, '/create/actions', '/docs/reference/commands.md', '/search?query=app', '/policies', '/delivery',
  '/workshop/developer', '/settings/feature-flags', '/notifications', '/nothing-is-here',
];
const DARK_ENTITIES = ['demo/component/my-app', 'default/system/demo'];
const inTheDark = route => ALL_DARK || DARK.includes(route) || DARK_ENTITIES.some(entity => route.startsWith(`/catalog/${entity}`));
const faults = [];

/** To another page without loading the program again, as a link does it. */
async function go(page, route) {
  await page.evaluate(to => {
    window.history.pushState({}, '', to);
    window.dispatchEvent(new PopStateEvent('popstate'));
  }, route);
  await settled(page);
}

/** Until nothing is loaded any more, and nothing moves: a bar that tells of loading comes late, so requests count as well. */
async function settled(page) {
  const end = Date.now() + 15_000;
  for (let quiet = Date.now(); Date.now() - quiet < PAUSE && Date.now() < end; await page.waitForTimeout(50)) {
    const loads = asked.size > 0 || (await page.locator('[role=progressbar]').count()) > 0;
    if (loads) quiet = Date.now();
  }
  for (let frame = 0; frame < FRAMES; frame++) await page.evaluate(() => new Promise(done => requestAnimationFrame(() => done())));
}

/** Requests without an answer so far. */
const asked = new Set();

function watchRequests(page) {
  page.on('request', request => {
    if (!['websocket', 'eventsource'].includes(request.resourceType())) asked.add(request);
  });
  for (const event of ['requestfinished', 'requestfailed']) page.on(event, request => asked.delete(request));
}

/** What is wrong with the page on a phone. */
async function narrow(page) {
  await page.setViewportSize({ width: NARROW, height: HEIGHT });
  await settled(page);
  const found = (await seriousFaults(page, PLACES)).map(each => `at ${NARROW}: ${each}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > NARROW + 1) found.push(`is ${wide} wide on a screen of ${NARROW}`);
  await page.setViewportSize({ width: WIDE, height: HEIGHT });
  return found;
}

async function look(visitor, route, theme) {
  const { page } = visitor;
  await go(page, route);
  const found = await seriousFaults(page, theme === 'dark' ? COLOURS : undefined);
  if (theme === 'light') found.push(...(await narrow(page)));
  await visitor.expectNoFault().catch(error => found.push(error.message));
  found.push(...visitor.consoleErrors.splice(0).filter(error => !/status of 40[34]/.test(error)));
  await visitor.picture(`${route.replaceAll(/[^a-z0-9]+/gi, '-')}-${theme}`);
  for (const each of found) faults.push(`${route} (${theme}) ${each}`);
}

/** The tabs of an entity's page. */
async function tabs(page, entity) {
  await go(page, `/catalog/${entity}`);
  const links = page.locator(`main a[href^="/catalog/${entity}"], header a[href^="/catalog/${entity}"], [role=tab][href^="/catalog/${entity}"]`);
  await links.first().waitFor();
  const found = await links.evaluateAll(all => all.map(each => each.getAttribute('href').replace(/[?#].*/, '')));
  return [...new Set([`/catalog/${entity}`, ...found])];
}

/** KiB of program that an app's page may need at first: what it does not need then is loaded later (the portal's scripts/later.js). */
const PROGRAM = 800;

async function loadsLittle(visitor) {
  const { page } = visitor;
  const session = await page.context().newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  let bytes = 0;
  page.on('requestfinished', request => {
    if (request.url().includes('/static/')) void request.sizes().then(sizes => { bytes += sizes.responseBodySize; }, () => undefined);
  });
  await visitor.open('/catalog/demo/component/my-app');
  await settled(page);
  const found = Math.round(bytes / 1024);
  console.log(`pages: an app's page loads ${found} KiB of program`);
  if (found > PROGRAM) faults.push(`an app's page loads ${found} KiB of program, and not ${PROGRAM}`);
}

let pages;

async function lookAtAll(visitor, theme) {
  await visitor.page.setViewportSize({ width: WIDE, height: HEIGHT });
  await visitor.page.evaluate(each => localStorage.setItem('theme', each), theme);
  await visitor.open('/');
  await visitor.page.getByRole('heading', { name: /Hello/ }).waitFor();
  for (const route of pages.filter(each => each.includes(ONLY) && (theme === 'light' || inTheDark(each)))) await look(visitor, route, theme);
}

await walk('pages', [
  ['signs in', visitor => visitor.signIn('platform-engineer')],
  ['finds the tabs', async visitor => {
    watchRequests(visitor.page);
    const api = kubectl('get', 'crd', 'apps.platform.backstack.dev', '--output', 'jsonpath={.spec.names.kind}-{.spec.group}--{.spec.versions[-1:].name}').toLowerCase();
    pages = [...PAGES];
    for (const entity of [...ENTITIES, `default/api/${api}`]) pages.push(...(await tabs(visitor.page, entity)));
    pages = [...new Set(pages)];
    console.log(`pages: ${pages.length} (${url})`);
  }],
  ['loads little', loadsLittle],
  ['looks at all of them in the light', visitor => lookAtAll(visitor, 'light')],
  ['looks at one of each kind in the dark', visitor => lookAtAll(visitor, 'dark')],
  ['says what is wrong', () => {
    if (faults.length > 0) throw new Error(`\n  ${faults.join('\n  ')}`);
  }],
]);
