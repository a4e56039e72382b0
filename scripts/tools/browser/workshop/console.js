// What the browser's console may say: a page that asks for what is not there yet is told so, and no later.

/** What a browser notes where something is not there yet, or a merge has to wait for its checks. */
const NOT_YET = /status of 40[45] /;
/** Milliseconds in which a page that is loaded again asks for all that it shows. */
const LOADED = 3000;

export class Console {
  constructor(visitor) {
    this.visitor = visitor;
    this.begin = 0;
    /** Pages that asked too early in this step. */
    this.early = new Set();
  }

  /** A page is opened or something is pressed: from here on what comes of it may be waited for. */
  mark() {
    this.begin = this.visitor.consoleErrors.length;
  }

  /** What was waited for is there: until now a page could not know. */
  waited() {
    const { consoleErrors } = this.visitor;
    for (const error of consoleErrors.splice(Math.min(this.begin, consoleErrors.length))) {
      if (NOT_YET.test(error)) this.early.add(error.split(':')[0]);
      else consoleErrors.push(error);
    }
    this.mark();
  }

  /** A step is done. The page on which it ends has all that it asks for now: loaded again, it has nothing to complain of. */
  async quiet() {
    const { page } = this.visitor;
    if (this.early.has(new URL(page.url()).pathname)) {
      await page.reload();
      await page.waitForTimeout(LOADED);
    }
    this.early.clear();
    this.mark();
  }
}
