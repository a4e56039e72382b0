// What the learner's terminal has: `backstack`, and the tools of the platform where this machine has none.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const TOOLS = ['kubectl', 'argocd'];

function onPath(program) {
  return (process.env.PATH ?? '').split(path.delimiter).map(folder => path.join(folder, program)).find(file => existsSync(file));
}

/** The environment of the terminal, with a folder of programs before all others. */
export function terminalEnvironment(folder) {
  const programs = path.join(folder, '.programs');
  mkdirSync(programs);
  const given = process.env.BACKSTACK_BINARY;
  if (given) symlinkSync(path.isAbsolute(given) ? given : onPath(given), path.join(programs, 'backstack'));
  for (const tool of TOOLS.filter(each => !onPath(each))) {
    const file = path.join(programs, tool);
    writeFileSync(file, `#!/bin/sh\nexec backstack exec -- ${tool} "$@"\n`);
    chmodSync(file, 0o755);
  }
  const name = process.env.BACKSTACK_NAME ?? 'backstack';
  return {
    PATH: `${programs}${path.delimiter}${process.env.PATH}`,
    BACKSTACK_NAME: name,
    KUBECONFIG: kubeconfig(folder, name),
  };
}

/** A kubeconfig whose current context is this platform, whatever the machine's own says. */
function kubeconfig(folder, name) {
  const file = path.join(folder, '.kubeconfig');
  const kubectl = onPath('kubectl');
  if (!kubectl) return file;
  writeFileSync(file, execFileSync(kubectl, ['config', 'view', '--raw', '--minify', '--flatten', `--context=kind-${name}`]), { mode: 0o600 });
  return file;
}
