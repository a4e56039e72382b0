// Does something soon after it was asked for: often asked for, it is done once, and never twice at a time.

export class Soon {
  private timer?: NodeJS.Timeout;
  private due = 0;
  private running = false;

  /** `work` says after how many milliseconds it wants to be called again, if at all. It must not throw. */
  constructor(private readonly delay: number, private readonly work: () => Promise<number | undefined>) {}

  /** Where it waits for its turn already, and that would come later: it comes sooner. */
  ask(delay = this.delay) {
    if (this.timer !== undefined && this.due <= Date.now() + delay) return;
    clearTimeout(this.timer);
    this.due = Date.now() + delay;
    this.timer = setTimeout(() => void this.run(), delay);
    this.timer.unref();
  }

  stop() {
    clearTimeout(this.timer);
  }

  private async run() {
    this.timer = undefined;
    if (this.running) return this.ask();
    this.running = true;
    const again = await this.work().finally(() => {
      this.running = false;
    });
    if (again !== undefined) this.ask(again);
  }
}
