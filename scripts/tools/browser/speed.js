// How fast the portal's pages are, and how much they ask for: medians of several visits, each in a browser that knows nothing
// yet (cold), and again in the same one (warm).
//   BACKSTACK_TURNS   visits (default: 3)
import { url, Visitor } from './platform.js';

const TURNS = Number(process.env.BACKSTACK_TURNS ?? 3);
const PAGES = {
  Home: ['/', page => page.getByText('my-app').first()],
  entity: ['/catalog/demo/component/my-app', page => page.locator('[data-testid=policy-no-nginx]').first()],
};

const median = numbers => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Seconds until what people come for is there, and what was asked for until nothing more is. */
async function visit(visitor, route, seen) {
  const requests = [];
  let bytes = 0;
  const note = request => {
    if (request.url().startsWith('http')) requests.push(new URL(request.url()).pathname);
  };
  const weigh = request => void request.sizes().then(sizes => { bytes += sizes.responseBodySize; }, () => undefined);
  visitor.page.on('request', note);
  visitor.page.on('requestfinished', weigh);
  const start = Date.now();
  await visitor.open(route);
  await seen(visitor.page).waitFor();
  const seconds = (Date.now() - start) / 1000;
  await visitor.page.waitForTimeout(2000);
  visitor.page.off('request', note);
  visitor.page.off('requestfinished', weigh);
  return { seconds, requests, kibibytes: bytes / 1024 };
}

for (const [name, [route, seen]] of Object.entries(PAGES)) {
  const found = { cold: [], warm: [] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    const visitor = await Visitor.start();
    await visitor.open('/');
    await visitor.page.getByRole('button', { name: 'Enter' }).click();
    await visitor.page.getByRole('heading', { name: /Welcome to your platform/ }).waitFor();
    const session = await visitor.page.context().newCDPSession(visitor.page);
    await session.send('Network.clearBrowserCache');
    found.cold.push(await visit(visitor, route, seen));
    await visitor.page.goto('about:blank');
    found.warm.push(await visit(visitor, route, seen));
    await visitor.close();
  }
  for (const [kind, visits] of Object.entries(found)) {
    const of = key => median(visits.map(each => each[key]));
    const requests = median(visits.map(each => each.requests.length));
    console.log(`${name} ${kind}: ${of('seconds').toFixed(1)} s, ${requests} requests, ${of('kibibytes').toFixed(0)} KiB (${url})`);
  }
  if (process.env.BACKSTACK_REQUESTS) console.log(found.warm.at(-1).requests.join('\n'));
}
