// `backstack workshop` as a learner runs it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const call = promisify(execFile);
/** Bytes that an answer may have. */
const MOST = 16 * 1024 * 1024;

export class Workshop {
  /** `learner` is one of several on the platform; without it the platform is one's alone. */
  constructor(program, environment, learner) {
    this.program = program;
    this.who = learner ? ['--learner', learner] : [];
    this.environment = { ...process.env, ...environment };
  }

  async #run(...words) {
    const { stdout } = await call(this.program, ['workshop', ...words, ...this.who], { env: this.environment, maxBuffer: MOST });
    return stdout;
  }

  /** A track as its text says. */
  async track(name) {
    return JSON.parse(await this.#run('show', name, '--output', 'json'));
  }

  /** Begins a track; the account of one of several learners, who gets one now. */
  async start(name) {
    return JSON.parse(await this.#run('start', name, '--output', 'json')).account;
  }

  /** Goes on to the next step. */
  next(...words) {
    return this.#run('next', ...words);
  }

  stop() {
    return this.#run('stop');
  }

  /** Has a step done whose text leaves the way to the reader. */
  solve() {
    return this.#run('solve');
  }

  /** Why a step is not done, asked once and not waited for; nothing if it is done. */
  async missing() {
    return this.#check('--now');
  }

  /** Why a step is not done, after it was waited for; nothing if it is done. */
  async judge(answer) {
    return this.#check(...(answer === undefined ? [] : ['--answer', answer]));
  }

  async #check(...words) {
    try {
      await this.#run('check', ...words);
      return undefined;
    } catch (error) {
      // Whatever else ends it is no judgement.
      if (typeof error.code !== 'number') throw error;
      return `${error.stdout}${error.stderr}`.trim() || `it ended with ${error.code}`;
    }
  }
}
