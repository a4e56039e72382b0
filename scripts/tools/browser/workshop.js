// Walks a track of the course as a learner: what its text says is done, in order, in a terminal and a browser; each step's
// check has to fail before and to hold after it. Settings besides those of platform.js:
//   BACKSTACK_BINARY          the program (default: backstack)
//   BACKSTACK_LEARNER         name of one of several learners on the platform (default: it is one's alone)
//   BACKSTACK_WORKSHOP_FROM   id of the step to begin with; what the steps before it make has to be there
//   BACKSTACK_WORKSHOP_RECEIPT file in which it is written down that the whole track was walked
//   BACKSTACK_WORKSHOP_FOLDER folder of the terminal, which is kept (default: one that goes)
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Visitor, knows, url } from './platform.js';
import { seriousFaults } from './access.js';
import { Learner } from './workshop/learner.js';
import { Workshop } from './workshop/program.js';
import { Terminal } from './workshop/terminal.js';
import { terminalEnvironment } from './workshop/tools.js';

const name = process.argv[2] ?? 'developer';
const kept = process.env.BACKSTACK_WORKSHOP_FOLDER;
if (kept) mkdirSync(kept, { recursive: true });
const folder = kept ?? mkdtempSync(path.join(tmpdir(), 'backstack-workshop-'));
const environment = terminalEnvironment(folder);
const workshop = new Workshop('backstack', environment, process.env.BACKSTACK_LEARNER);
/** Seconds after which somebody who waits would wonder. */
const LONG = 10;

function seconds(since) {
  return (Date.now() - since) / 1000;
}

function wordsOf({ action, title, text, target, into, option, as, script }) {
  return `${action} ${title ?? text ?? target ?? option ?? as ?? script?.split('\n')[0]} ${into ?? ''}`.trim();
}

function answerOf(step) {
  return step.checks.find(each => each.check === 'answer')?.is;
}

/** One step: it is not done before, its text is followed, it is done after. */
async function walk(step, learner) {
  if (!(await workshop.missing())) throw new Error('its check holds before anything was done');
  for (const action of step.actions) {
    const since = Date.now();
    try {
      await learner.do(action, step.within);
      if (seconds(since) > LONG) console.log(`  line ${action.line} took ${seconds(since).toFixed(0)} s: ${wordsOf(action)}`);
    } catch (error) {
      throw new Error(`line ${action.line}: ${error.message}`, { cause: error });
    }
  }
  // An exercise says what has to be true in the end, and not how.
  if (step.text.includes('### Solution') && answerOf(step) === undefined) await workshop.solve();
  const missing = await workshop.judge(answerOf(step));
  if (missing) throw new Error(`its text was followed, and its check does not hold: ${missing}`);
}

/** What is wrong with the page on which a step ends, if it is one of the portal: Gitea's are not ours, and a terminal has none. */
async function faults(visitor, learner) {
  const at = new URL(visitor.page.url());
  if (at.origin !== new URL(url).origin || /^\/(gitea|argocd)\b/.test(at.pathname)) return;
  await learner.console.quiet();
  await visitor.expectNoFault();
  const found = await seriousFaults(visitor.page);
  if (found.length > 0) throw new Error(`${visitor.page.url()} cannot be used by everybody: ${found.join('; ')}`);
}

function table(rows) {
  const width = Math.max(...rows.map(({ title }) => title.length));
  const line = ({ title, minutes, took }) => `${title.padEnd(width)}  ${String(minutes).padStart(3)} min  ${took.toFixed(0).padStart(5)} s`;
  const sum = key => rows.reduce((total, row) => total + row[key], 0);
  return [...rows.map(line), line({ title: 'all', minutes: sum('minutes'), took: sum('took') })].join('\n');
}

/** Writes down that it was walked whole. */
function receipt(rows) {
  const file = process.env.BACKSTACK_WORKSHOP_RECEIPT;
  if (!file || from > 0) return;
  const program = path.join(import.meta.dirname, '..', 'workshop', 'receipt');
  const lines = rows.map(({ title, took }) => `${title}\t${took}\n`).join('');
  execFileSync(program, [file, 'followed', name], { input: lines, stdio: ['pipe', 'inherit', 'inherit'] });
}

async function picture(visitor, step) {
  const file = path.join(process.env.BACKSTACK_PICTURES ?? tmpdir(), `workshop-${name}-failed.png`);
  await visitor.page.screenshot({ path: file }).catch(() => {});
  console.error(`workshop ${name}: step "${step.title}" failed at ${visitor.page.url()}; see ${file}`);
}

const track = await workshop.track(name);
const from = track.steps.findIndex(({ id }) => id === (process.env.BACKSTACK_WORKSHOP_FROM ?? track.steps[0].id));
const visitor = await Visitor.start();
const terminal = new Terminal(folder, environment);
const learner = new Learner(visitor, terminal);
const rows = [];
try {
  knows(await workshop.start(name));
  for (let left = from; left > 0; left -= 1) await workshop.next('--skip');
  if (from > 0) await visitor.signIn(track.as);
  for (const step of track.steps.slice(from)) {
    if (rows.length > 0) await workshop.next();
    const since = Date.now();
    try {
      await walk(step, learner);
      await faults(visitor, learner);
    } catch (error) {
      await picture(visitor, step);
      throw error;
    }
    rows.push({ ...step, took: seconds(since) });
    console.log(`workshop ${name}: ${step.title} (${rows.at(-1).took.toFixed(1)} s)`);
  }
  console.log(`\n${table(rows)}`);
  const errors = new Set(visitor.consoleErrors);
  if (errors.size > 0) throw new Error(`the console has errors:\n  ${[...errors].join('\n  ')}`);
  receipt(rows);
} catch (error) {
  console.error(`workshop ${name}: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const each of learner.reloads) console.log(`loaded again for ${each}`);
  await workshop.stop().catch(error => console.error(String(error)));
  terminal.close();
  await visitor.close();
  if (!kept) rmSync(folder, { recursive: true, force: true });
}
