// Whether a page can be used by everybody: the rules of axe, of which the serious ones count.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// The log of an order is Backstage's own, and its lines are links without a list around them.
const NOT_OURS = [['[class*="BackstageLogViewer"]']];
const COUNT = ['serious', 'critical'];

/** What is seriously wrong with a page of the portal, each with a place; the other programs' pages are not ours. */
export async function seriousFaults(page) {
  if (/^\/(gitea|argocd)\b/.test(new URL(page.url()).pathname)) return [];
  // Not as a script of the page: the portal allows none but its own.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    // eslint-disable-next-line no-undef -- it runs in the page, which has axe by then
    exclude => axe.run({ include: [['body']], exclude }, { resultTypes: ['violations'] }), NOT_OURS);
  return violations
    .filter(({ impact }) => COUNT.includes(impact))
    .map(({ id, nodes }) => `${id} at ${nodes[0].target.join(' ')}`);
}
