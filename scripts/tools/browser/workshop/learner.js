// A learner who does what a track says: clicks in a browser, commands in a terminal.
import path from 'node:path';
import { PATIENCE, url } from '../platform.js';
import { Console } from './console.js';
import { choose, seen, soon, toPress, toTick, toWrite } from './screen.js';

/** Milliseconds that something may take which is on the page already, or comes with the next answer. */
const SOON = 20_000;
/** Pictures of the docs: their size in pixels. */
const PICTURE = { width: 1000, height: 720 };

export class Learner {
  constructor(visitor, terminal) {
    this.visitor = visitor;
    this.terminal = terminal;
    /** Where the page was loaded again, because what should be seen did not come by itself. */
    this.reloads = [];
    this.filledIn = false;
    this.console = new Console(visitor);
    visitor.page.context().on('page', page => this.#follow(page));
  }

  get page() {
    return this.visitor.page;
  }

  /** Does one thing that the text says; `within` is how many seconds what comes of it may take. */
  async do(action, within) {
    const deed = this[action.action];
    if (!deed) throw new Error(`the runner does not know how to do "${action.action}"`);
    await deed.call(this, action, within * 1000);
  }

  async command({ script, expect }, patience) {
    await this.terminal.expect(script, expect ?? undefined, Math.max(patience, PATIENCE));
  }

  async open({ path: route }) {
    this.filledIn = false;
    const address = new URL(route, `${url}/`).href;
    this.console.mark();
    // The page that is open already is loaded again: a person would see what is new by then.
    await this.page.goto(address);
  }

  async sign_in({ as }) {
    await this.visitor.signIn(as);
  }

  async click({ target, within: place }) {
    const what = place ? `"${target}" to press in "${place}"` : `"${target}" to press`;
    const found = await this.#there(what, () => toPress(this.page, target, place));
    const pressed = await found.elementHandle();
    this.console.mark();
    await found.click();
    await this.#settled(pressed);
    this.filledIn = this.filledIn && !(await pressed.getAttribute('href').catch(() => undefined));
  }

  async type({ text, into }) {
    const field = await this.#there(`field "${into}"`, () => toWrite(this.page, into));
    this.filledIn = true;
    await field.fill(text);
  }

  async choose({ option, in: list }) {
    this.filledIn = true;
    await choose(this.page, option, list, SOON);
  }

  async tick({ target, on }) {
    this.filledIn = true;
    const box = await this.#there(`box "${target}"`, () => toTick(this.page, target));
    await box.setChecked(on);
  }

  async see({ text, visible }, patience) {
    const look = async () => {
      const place = await seen(this.page, text);
      if (place && visible) this.lastSeen = place;
      return Boolean(place) === visible;
    };
    await this.#there(visible ? `"${text}"` : `page without "${text}"`, look, patience);
  }

  async picture({ name, path: file }) {
    const folder = process.env.BACKSTACK_PICTURES;
    if (!folder) return;
    const before = this.page.viewportSize();
    await this.page.setViewportSize(PICTURE);
    await this.page.waitForTimeout(1500);
    await this.lastSeen?.scrollIntoViewIfNeeded({ timeout: 2000 }).catch(() => {});
    const target = path.join(folder, path.basename(file ?? `${name}.jpg`));
    await this.page.screenshot({ path: target, type: 'jpeg', quality: 55, animations: 'disabled' });
    await this.page.setViewportSize(before);
  }

  /** A button that cannot be pressed any more is at work: a person waits until it has done. */
  async #settled(pressed) {
    const end = Date.now() + PATIENCE;
    const works = async () => (await pressed.isVisible()) && (await pressed.isDisabled());
    let worked = false;
    while (Date.now() < end && (await works().catch(() => false))) {
      worked = true;
      await this.page.waitForTimeout(250);
    }
    if (worked) this.console.waited();
    const refused = this.page.getByRole('alert').filter({ visible: true, hasText: /refuse|could not|was not/i });
    if (await refused.count()) throw new Error(`the page says: ${await refused.first().innerText()}`);
  }

  /** Waits for something. A person would load the page again at last, but not a form that is filled in. */
  async #there(what, look, patience = SOON) {
    const end = Date.now() + Math.max(patience, SOON);
    let turn = SOON;
    for (;;) {
      try {
        const found = await soon(what, look, Math.min(turn, Math.max(end - Date.now(), 1000)));
        this.console.waited();
        return found;
      } catch (error) {
        if (Date.now() >= end || this.filledIn) throw error;
        this.reloads.push(`${what} at ${new URL(this.page.url()).pathname}`);
        await this.page.reload();
        turn = Math.min(turn + 5000, 40_000);
      }
    }
  }

  /** A link that opens a window of its own: a person goes on there. The one for signing in closes by itself. */
  async #follow(page) {
    await page.waitForLoadState().catch(() => {});
    if (page.isClosed() || (await page.opener())) return;
    this.visitor.watch(page);
    this.visitor.page = page;
  }
}
