// The platform under test: its address, its accounts, its Git server's API, and a browser.
// Settings come from the environment:
//   BACKSTACK_URL          address of the platform, as https://localhost:8443
//   BACKSTACK_CREDENTIALS  file with the output of `backstack credentials --output json`
//   BACKSTACK_PICTURES     folder for pictures; none are taken without it
//   NODE_EXTRA_CA_CERTS    file with the output of `backstack ca`
//   BACKSTACK_WIDTH        width of the window in pixels (default 1280)
//   BACKSTACK_LEADS_TO     where that address leads to, as 127.0.0.1:8443, for one that no name server knows
//   CHROMIUM               the browser (default: /usr/bin/chromium)
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { seriousFaults } from './access.js';

/** A phone and a laptop. */
export const WIDTHS = [420, 1400];

/** Milliseconds that a step may take on a slow machine. */
export const PATIENCE = Number(process.env.BACKSTACK_PATIENCE ?? 120_000);

/** Width of the window in pixels; a telephone has some 420. */
export const WIDTH = Number(process.env.BACKSTACK_WIDTH ?? 1280);

export const url = need('BACKSTACK_URL').replace(/\/$/, '');
const credentials = JSON.parse(readFileSync(need('BACKSTACK_CREDENTIALS'), 'utf8'));

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}: see platform.js`);
  return value;
}

/** Somebody more signs in, as one of several learners does; nothing for nobody. */
export function knows(account) {
  if (account) credentials.push({ ...account, component: 'gitea' });
}

/** The password of a user of the Git server. */
export function password(user) {
  const found = credentials.find(each => each.username === user && each.component === 'gitea');
  if (!found) throw new Error(`\`backstack credentials\` shows no user ${user} of gitea`);
  return found.password;
}

/** Does something until it gives a value, and says what was waited for when it never does. */
export async function eventually(what, attempt, patience = PATIENCE) {
  const end = Date.now() + patience;
  let problem = 'no answer yet';
  while (Date.now() < end) {
    try {
      const value = await attempt();
      if (value) return value;
    } catch (error) {
      problem = error.message;
    }
    await new Promise(resolve => setTimeout(resolve, 1000));
  }
  throw new Error(`gave up after ${patience / 1000} s: ${what} (${problem})`);
}

/** The Git server as a user sees it. */
export class Git {
  constructor(user, repository) {
    this.repository = repository;
    this.authorization = `Basic ${Buffer.from(`${user}:${password(user)}`).toString('base64')}`;
  }

  async call(method, route, body) {
    const answer = await fetch(`${url}/gitea/api/v1/repos/backstack/${this.repository}/${route}`, {
      method,
      headers: { authorization: this.authorization, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text.slice(0, 200)}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** The text of a file of `main`. */
  async read(file) {
    const { content } = await this.call('GET', `contents/${file}?ref=main`);
    return Buffer.from(content, 'base64').toString('utf8');
  }

  async approve(number) {
    await this.call('POST', `pulls/${number}/reviews`, { event: 'APPROVED', body: 'Looks good.' });
  }

  /** Merges as soon as the server lets it: it checks the files first. `refused` hears why it does not yet. */
  async merge(number, refused = () => {}) {
    await eventually(`pull request ${number} is merged`, async () => {
      const asked = this.call('POST', `pulls/${number}/merge`, { Do: 'squash', delete_branch_after_merge: true });
      await asked.catch(async error => {
        await refused(error.message);
        throw error;
      });
      return true;
    });
  }

  async approveAndMerge(number) {
    await this.approve(number);
    await this.merge(number);
  }

  /** Opens a pull request that adds or replaces files; one without content is deleted. */
  async propose(branch, title, files) {
    const changes = [];
    for (const { path: file, content } of files) {
      const known = await this.call('GET', `contents/${file}?ref=main`).catch(() => undefined);
      const operation = content === undefined ? 'delete' : known ? 'update' : 'create';
      changes.push({ operation, path: file, sha: known?.sha, content: content && Buffer.from(content).toString('base64') });
    }
    await this.call('POST', 'contents', { branch: 'main', new_branch: branch, message: title, files: changes });
    return this.call('POST', 'pulls', { base: 'main', head: branch, title });
  }
}

/** Runs kubectl on the platform; what it prints. */
export function kubectl(...args) {
  const [program, ...first] = need('BACKSTACK_KUBECTL').split(' ');
  return execFileSync(program, [...first, ...args], { encoding: 'utf8' });
}

/** Fills in a field of a form, whether it is for text or for a number; one that makes proposals is a box for both. */
export async function fill(page, field, value) {
  const kinds = ['textbox', 'spinbutton', 'combobox'].map(role => page.getByRole(role, { name: field }));
  await kinds.reduce((one, other) => one.or(other)).first().fill(value);
}

/** The number of the pull request that the page links to. */
export async function orderedThrough(page) {
  const link = page.getByRole('link', { name: 'Open the pull request' }).or(page.getByRole('button', { name: 'Open the pull request' }));
  await link.first().waitFor();
  const address = await link.first().getAttribute('href');
  return Number(/\/pulls\/(\d+)/.exec(address)[1]);
}

/** A page in a browser, and pictures of it. */
export class Visitor {
  static async start() {
    const leadsTo = process.env.BACKSTACK_LEADS_TO;
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox', '--disable-dev-shm-usage',
        ...(leadsTo ? [`--host-resolver-rules=MAP ${new URL(url).hostname} ${leadsTo}`] : []),
      ],
    });
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: WIDTH, height: 800 } });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    return new Visitor(browser, page);
  }

  constructor(browser, page) {
    this.browser = browser;
    this.page = page;
    this.complaints = [];
    /** What the console of the browser calls an error, with the page that it is of. */
    this.consoleErrors = [];
    this.watch(page);
  }

  /** Notes what goes wrong on a page, whoever looks for it. */
  watch(page) {
    page.on('pageerror', error => this.complaints.push(String(error)));
    page.on('console', message => {
      // Containers that come and go on this machine are a new network to a browser on it; a reader's stays.
      if (message.text().includes('ERR_NETWORK_CHANGED')) return;
      if (message.type() === 'error') this.consoleErrors.push(`${new URL(page.url()).pathname}: ${message.text()}`);
    });
  }

  async open(route) {
    await this.page.goto(`${url}${route}`);
  }

  /** Signs in to the portal with an account of the Git server, in the window that opens for it. */
  async signIn(user) {
    await this.open('/');
    const [popup] = await Promise.all([
      this.page.waitForEvent('popup'),
      this.page.getByRole('button', { name: 'Sign in', exact: false }).last().click(),
    ]);
    await popup.locator('input[name=user_name]').fill(user);
    await popup.locator('input[name=password]').fill(password(user));
    const closed = popup.waitForEvent('close');
    await popup.locator('input[name=password]').press('Enter');
    // Gitea asks once for each of its users.
    await Promise.race([closed, popup.getByRole('button', { name: 'Authorize Application' }).click().catch(() => {})]);
    await closed;
    await this.page.getByRole('heading', { name: /Hello|Welcome to your platform/ }).waitFor();
    // Whoever is not known yet is refused what the page asks for: that is how it learns to ask who it is.
    this.consoleErrors.length = 0;
  }

  /** Reloads the page until something is seen on it; a slow machine is given longer each time. */
  async until(what, locate, patience = PATIENCE) {
    let timeout = 3000;
    await eventually(what, async () => {
      const found = await locate(this.page).first().waitFor({ timeout }).then(() => true, () => false);
      timeout += 1000;
      if (!found) await this.page.reload();
      return found;
    }, patience);
    // Of what was not there yet the server has rightly said so.
    this.expected(404);
  }

  /** Answers with this status were right so far: a browser calls each of them an error, whatever the page makes of it. */
  expected(status) {
    this.consoleErrors = this.consoleErrors.filter(error => !error.includes(`status of ${status}`));
  }

  /** A picture for the docs: small, and without what moves. */
  async picture(name) {
    const folder = process.env.BACKSTACK_PICTURES;
    if (!folder) return;
    await this.page.waitForTimeout(1500);
    await this.page.screenshot({ path: path.join(folder, `${name}.jpg`), type: 'jpeg', quality: 55, animations: 'disabled' });
  }

  /** Nothing on the page may tell of a fault. */
  async expectNoFault() {
    const text = await this.page.locator('main, #root').first().innerText();
    for (const bad of ['Error:', 'An error occurred', "can't be found in the catalog", 'Not Found', 'There was a problem']) {
      if (text.includes(bad)) throw new Error(`the page ${this.page.url()} says "${bad}"`);
    }
    if (this.complaints.length > 0) throw new Error(`scripts of ${this.page.url()} failed: ${this.complaints.join('; ')}`);
  }

  /**
   * The page as it is now fits a phone and a laptop, hinders nobody seriously, and its console had no error since the last
   * time that this was asked.
   */
  async expectGood(name) {
    const { page } = this;
    const before = page.viewportSize();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(700);
      await this.picture(`${name}-${width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width + 1) throw new Error(`${page.url()} is ${wide} wide on a screen of ${width}`);
      const told = await seriousFaults(page);
      if (told.length > 0) throw new Error(`${page.url()} at ${width}: ${told.join('; ')}`);
    }
    const errors = this.consoleErrors.splice(0);
    if (errors.length > 0) throw new Error(`the console says: ${errors.join('; ')}`);
    await page.setViewportSize(before);
    await this.expectNoFault();
  }

  async close() {
    await this.browser.close();
  }
}

/** Runs the steps of a way, tells how long each took, and leaves a picture of the one that fails. */
export async function walk(name, steps) {
  const visitor = await Visitor.start();
  try {
    for (const [title, step] of steps) {
      const start = Date.now();
      await step(visitor);
      console.log(`${name}: ${title} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
    }
  } catch (error) {
    // Windows that the portal opened too: a sign-in fails in one of those.
    for (const [number, page] of visitor.page.context().pages().entries()) {
      const picture = path.join(process.env.BACKSTACK_PICTURES ?? '/tmp', `${name}-failed-${number}.png`);
      await page.screenshot({ path: picture }).catch(() => {});
      console.error(`${name}: ${page.url().split('?')[0]} is in ${picture}`);
    }
    console.error(`${name}: failed at ${visitor.page.url()}: ${error.stack ?? error}`);
    process.exitCode = 1;
  } finally {
    await visitor.close();
  }
}
