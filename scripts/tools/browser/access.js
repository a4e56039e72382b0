// Whether a page can be used by everybody: the rules of axe, of which the serious ones count.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The log of an order is Backstage's own: it is known by its lines, for its classes have no names. */
const LOG = 'a[href*="#line-"]';
const NOT_OURS = 'data-not-ours';
const COUNT = ['serious', 'critical'];

/** What is seriously wrong with a page of the portal, each with a place; `rules` where only some of axe's are asked. */
export async function seriousFaults(page, rules) {
  // Not as a script of the page: the portal allows none but its own.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(([log, notOurs, only]) => {
    document.querySelector(log)?.closest('.MuiPaper-root')?.setAttribute(notOurs, '');
    return window.axe.run({ include: [['body']], exclude: [[`[${notOurs}]`]] }, { resultTypes: ['violations'], ...(only ? { runOnly: only } : {}) });
  }, [LOG, NOT_OURS, rules]);
  return violations
    .filter(({ impact }) => COUNT.includes(impact))
    .map(({ id, nodes }) => `${id} at ${nodes.map(each => each.target.join(' ')).join(', ')} (${nodes[0].html.slice(0, 120)})`);
}
