// `backstack workshop` as a learner runs it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const call = promisify(execFile);
/** Bytes that an answer may have. */
const MOST = 16 * 1024 * 1024;

export class Workshop {
  constructor(program, environment) {
    this.program = program;
    this.environment = { ...process.env, ...environment };
  }

  async #run(...words) {
    const { stdout } = await call(this.program, ['workshop', ...words], { env: this.environment, maxBuffer: MOST });
    return stdout;
  }

  /** A track as its text says. */
  async track(name) {
    return JSON.parse(await this.#run('show', name, '--output', 'json'));
  }

  start(name) {
    return this.#run('start', name);
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
    return this.#check('--no-wait');
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
