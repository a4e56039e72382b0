// Every page of the portal can be used by everybody: no serious violation of axe's rules, in light and in dark, no fault, no
// error in the console. All that is wrong is told at the end, and not only the first of it.
//   BACKSTACK_PAGES   only pages whose address has this in it
//   BACKSTACK_WIDTHS  also how wide the page is, at each of these (default: 420)
import { seriousFaults } from './access.js';
import { kubectl, url, walk } from './platform.js';

const ONLY = process.env.BACKSTACK_PAGES ?? '';
const WIDTHS = (process.env.BACKSTACK_WIDTHS ?? '420').split(',').map(Number);
const WIDE = 1400;
const HEIGHT = 900;
/** Milliseconds in which a page draws what has come. */
const PAUSE = 150;
/** What the dark theme may spoil: the rest was looked at in the light. */
const COLOURS = ['color-contrast', 'link-in-text-block'];
const TEMPLATE = 'default/apps.platform.backstack.dev-v1alpha1';
/** Pages with tabs of their own, which are found on them. */
const ENTITIES = ['demo/component/my-app', 'default/system/demo', 'default/group/developers', 'default/user/developer', `${TEMPLATE.replace('/', '/template/')}`];
const PAGES = [
  '/', '/catalog', '/catalog?filters%5Bkind%5D=api', '/create', `/create/templates/${TEMPLATE}`, '/create/tasks', '/create/actions', '/docs',
  '/docs/reference/commands.md', '/docs/architecture.md', '/search', '/search?query=app', '/search?query=zzqx', '/policies', '/delivery', '/workshop',
  '/workshop/developer', '/settings', '/settings/auth-providers', '/settings/feature-flags', '/notifications', '/nothing-is-here',
];
const faults = [];

/** To another page without loading the program again, as a link does it. */
async function go(page, route) {
  await page.evaluate(to => {
    window.history.pushState({}, '', to);
    window.dispatchEvent(new PopStateEvent('popstate'));
  }, route);
  await settled(page);
}

/** Until nothing is loaded any more, and nothing moves. */
async function settled(page) {
  await page.waitForTimeout(PAUSE);
  await page.waitForFunction(() => document.querySelectorAll('[role=progressbar]').length === 0 && document.body.innerText.length > 100, undefined, { timeout: 15_000 })
    .catch(() => undefined);
  await page.waitForTimeout(PAUSE);
}

async function isTooWide(page) {
  const found = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    await page.waitForTimeout(PAUSE);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > width + 1) found.push(`is ${wide} wide on a screen of ${width}`);
  }
  await page.setViewportSize({ width: WIDE, height: HEIGHT });
  return found;
}

async function look(visitor, route, theme) {
  const { page } = visitor;
  await go(page, route);
  const found = await seriousFaults(page, theme === 'dark' ? COLOURS : undefined);
  if (theme === 'light') found.push(...(await isTooWide(page)));
  await visitor.expectNoFault().catch(error => found.push(error.message));
  found.push(...visitor.consoleErrors.splice(0).filter(error => !/status of 40[34]/.test(error)));
  await visitor.picture(`${route.replaceAll(/[^a-z0-9]+/gi, '-')}-${theme}`);
  for (const each of found) faults.push(`${route} (${theme}) ${each}`);
}

/** The tabs of an entity's page. */
async function tabs(page, entity) {
  await go(page, `/catalog/${entity}`);
  const found = await page.locator(`main a[href^="/catalog/${entity}/"], header a[href^="/catalog/${entity}/"], [role=tab][href^="/catalog/${entity}"]`)
    .evaluateAll(links => links.map(each => each.getAttribute('href').replace(/[?#].*/, '')));
  return [`/catalog/${entity}`, ...new Set(found)];
}

let pages;

async function lookAtAll(visitor, theme) {
  await visitor.page.setViewportSize({ width: WIDE, height: HEIGHT });
  await visitor.page.evaluate(each => localStorage.setItem('theme', each), theme);
  await visitor.open('/');
  await visitor.page.getByRole('heading', { name: /Hello/ }).waitFor();
  for (const route of pages.filter(each => each.includes(ONLY))) await look(visitor, route, theme);
}

await walk('pages', [
  ['signs in', visitor => visitor.signIn('platform-engineer')],
  ['finds the tabs', async visitor => {
    const api = kubectl('get', 'crd', 'apps.platform.backstack.dev', '--output', 'jsonpath={.spec.names.kind}-{.spec.group}--{.spec.versions[-1:].name}').toLowerCase();
    pages = [...PAGES];
    for (const entity of [...ENTITIES, `default/api/${api}`]) pages.push(...(await tabs(visitor.page, entity)));
    console.log(`pages: ${pages.length} (${url})`);
  }],
  ['looks at all of them in the light', visitor => lookAtAll(visitor, 'light')],
  ['looks at all of them in the dark', visitor => lookAtAll(visitor, 'dark')],
  ['says what is wrong', () => {
    if (faults.length > 0) throw new Error(`\n  ${faults.join('\n  ')}`);
  }],
]);
