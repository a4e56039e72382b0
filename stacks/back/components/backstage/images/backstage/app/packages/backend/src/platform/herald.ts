// Tells people what concerns them, once: asks what is new with pull requests, with what runs, and with the APIs' versions.
import { LoggerService } from '@backstage/backend-plugin-api';
import { stringifyError } from '@backstage/errors';
import { Book } from './book';
import { HealthNews } from './healthNews';
import { Notice } from './notices';
import { PullNews } from './pullNews';
import { Soon } from './soon';

export type HeraldParts = {
  book: Book;
  pulls: PullNews[];
  health: Pick<HealthNews, 'look' | 'ordered'>;
  /** What is to be told of versions that go. */
  versions: () => Promise<Notice[]>;
  send: (notice: Notice) => Promise<void>;
  logger: LoggerService;
};

/** Milliseconds between two looks, where nothing tells of changes before. */
const PULLS = 120_000;
const HEALTH = 120_000;
const VERSIONS = 600_000;
/** The Git server tells of several things that happen at once. */
const BESIDE = 500;
/** Changes of the cluster come in swarms. */
const SWARM = 3_000;

export class Herald {
  /** Of the first look at each: on a platform that has just been given a herald. */
  private isFirst = { pulls: false, health: false };
  private readonly pulls = new Soon(SWARM, () => this.surely(() => this.lookAtPulls(), PULLS));
  private readonly health = new Soon(SWARM, () => this.surely(() => this.lookAtHealth(), HEALTH));
  private readonly versions = new Soon(SWARM, () => this.surely(() => this.lookAtVersions(), VERSIONS));

  constructor(private readonly parts: HeraldParts) {}

  /** Begins to look. On a platform that has just been given a herald, what is there already is no news. */
  async start() {
    const isNew = await this.parts.book.isEmpty();
    this.isFirst = { pulls: isNew, health: isNew };
    for (const each of [this.pulls, this.health, this.versions]) each.ask();
  }

  stop() {
    for (const each of [this.pulls, this.health, this.versions]) each.stop();
  }

  /** Something has happened to a pull request. */
  pullsChanged() {
    this.pulls.ask(BESIDE);
  }

  /** Something of this kind has changed in the cluster. */
  changed(kind: string) {
    this.health.ask();
    if (kind === 'CompositeResourceDefinition') this.versions.ask();
  }

  private async lookAtPulls(): Promise<undefined> {
    for (const each of this.parts.pulls) {
      for (const notice of await each.look()) {
        const isSilent = this.isFirst.pulls && notice.topic === 'merged';
        if (!(await this.parts.book.claim(notice.key))) continue;
        if (notice.ordered) await this.parts.health.ordered(notice.ordered);
        if (!isSilent) await this.send(notice);
      }
    }
    this.isFirst.pulls = false;
  }

  private async lookAtHealth(): Promise<number | undefined> {
    const { notices, again } = await this.parts.health.look(this.isFirst.health);
    this.isFirst.health = false;
    for (const each of notices) await this.send(each);
    return again;
  }

  private async lookAtVersions(): Promise<undefined> {
    for (const each of await this.parts.versions()) if (await this.parts.book.claim(each.key)) await this.send(each);
  }

  private async send(notice: Notice) {
    try {
      if (notice.to.length > 0) await this.parts.send(notice);
    } catch (error) {
      this.parts.logger.warn(`nobody was told “${notice.title}”: ${stringifyError(error)}`);
      await this.parts.book.forget(notice.key);
    }
  }

  /** The next look makes good what this one could not. */
  private async surely(look: () => Promise<number | undefined>, usual: number): Promise<number> {
    try {
      return (await look()) ?? usual;
    } catch (error) {
      this.parts.logger.warn(`what is new is not known: ${stringifyError(error)}`);
      return Math.min(usual, 30_000);
    }
  }
}
