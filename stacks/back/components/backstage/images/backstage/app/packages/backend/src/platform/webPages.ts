// Whether another part of the platform has web pages: images that are built from packages may lack them.
import { Config } from '@backstage/config';

/** What a web application's page has, and a plain page of the platform has not: the place where the application goes. */
const APPLICATION = /<div id="app">/;
/** Milliseconds that an answer holds: pages come and go with an image. */
const HOLDS = 60_000;

export class WebPages {
  private asked?: { at: number; answer: Promise<boolean> };

  /** `publicUrl` is where people find them, `url` where this program does. */
  constructor(private readonly publicUrl: string, private readonly url: string) {}

  static fromConfig(config: Config): WebPages {
    return new WebPages(config.getString('publicUrl').replace(/\/$/, ''), config.getString('url'));
  }

  /** The address for people; nothing where there are no pages. */
  async address(): Promise<string | undefined> {
    return (await this.areThere()) ? this.publicUrl : undefined;
  }

  private areThere(): Promise<boolean> {
    if (!this.asked || Date.now() - this.asked.at > HOLDS) this.asked = { at: Date.now(), answer: look(this.url) };
    return this.asked.answer;
  }
}

async function look(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { headers: { accept: 'text/html' }, signal: AbortSignal.timeout(3_000) });
    return answer.ok && APPLICATION.test(await answer.text());
  } catch {
    return false;
  }
}
