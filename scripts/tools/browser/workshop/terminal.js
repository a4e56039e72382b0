// The learner's terminal: one shell for the whole track, in a folder of its own, and the likeness of what it prints.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

/** Stands for any text in a line; a line of its own stands for any lines. */
const ANYTHING = '…';

/** What is only asked may be asked again until the answer is as it should be. */
const ASKS = new RegExp(
  [
    'kubectl (get|describe|logs|auth|wait|rollout status)',
    'backstack (diagnose|status|credentials|mcp tools|mcp call (?!change_propose))',
    'argocd app (get|list)',
  ].map(each => `^${each}\\b`).join('|'),
);

export class Terminal {
  constructor(folder, environment) {
    this.shell = spawn('bash', ['--noprofile', '--norc'], { cwd: folder, env: { ...process.env, ...environment }, detached: true });
    this.output = '';
    this.shell.stdin.write('exec 2>&1\n');
    for (const stream of [this.shell.stdout, this.shell.stderr]) {
      stream.on('data', text => { this.output += text; });
    }
  }

  /** Runs some lines, and gives what they print and how the last one ended. */
  async run(lines, patience) {
    const mark = randomUUID();
    this.output = '';
    // A command must not read the rest of the lines as its own input.
    this.shell.stdin.write(`{ ${lines}\n} </dev/null; printf '\\n%s %s\\n' ${mark} $?\n`);
    const end = new RegExp(`\\n?${mark} (\\d+)\\n`);
    const deadline = Date.now() + patience;
    for (;;) {
      const found = end.exec(this.output);
      if (found) {
        return { printed: this.output.slice(0, found.index), code: Number(found[1]) };
      }
      if (this.shell.exitCode !== null) throw new Error(`the shell ended in: ${lines}\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`after ${patience / 1000} s this had not ended:\n${lines}\n${this.output}`);
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }

  /**
   * Runs some lines until they print what should be seen; only what merely asks is run more than once. How they end counts
   * where the text does not say what they print: `backstack diagnose` ends with 5 for what is broken.
   */
  async expect(lines, like, patience) {
    const again = lines.split('\n').filter(line => line.trim()).every(line => ASKS.test(line.trim()));
    const deadline = Date.now() + patience;
    for (;;) {
      const { printed, code } = await this.run(lines, patience);
      const ended = code === 0 ? undefined : `it ended with ${code}`;
      const problem = like === undefined ? ended : unlike(printed, like);
      if (!problem) return;
      if (!again || Date.now() > deadline) throw new Error(`${problem}\n${lines}\nIt printed:\n${printed}`);
      await new Promise(resolve => setTimeout(resolve, 2000));
    }
  }

  close() {
    try {
      process.kill(-this.shell.pid);
    } catch {
      // It ended by itself.
    }
  }
}

/** Columns are as wide as what stands in them, so only the words count. */
function words(line) {
  return line.trim().split(/\s+/).join(' ');
}

function pattern(line) {
  const parts = words(line).split(ANYTHING);
  return new RegExp(`^${parts.map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
}

/** Why a text is not like the one that should be seen; nothing if it is. */
export function unlike(printed, like) {
  if (like === undefined) return undefined;
  const lines = printed.split('\n').map(words).filter(Boolean);
  const wanted = like.split('\n').map(line => line.trim()).filter(Boolean);
  let at = 0;
  let skipping = false;
  for (const line of wanted) {
    if (line === ANYTHING) {
      skipping = true;
      continue;
    }
    const shape = pattern(line);
    const place = skipping ? lines.findIndex((each, number) => number >= at && shape.test(each)) : at;
    if (place === -1 || place >= lines.length || !shape.test(lines[place])) return `there is no line like: ${line}`;
    at = place + 1;
    skipping = false;
  }
  return !skipping && at < lines.length ? `nothing should be seen after: ${wanted.at(-1)}` : undefined;
}
