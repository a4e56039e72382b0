// Builds the portal into `out/`: `out/app` is what the image holds below /app, `out/node` the Node.js that runs it.
// Runs after `npm ci`; what npm needs to be told lies in .npmrc.
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.resolve(__dirname, '..');
const at = (...parts) => path.join(root, ...parts);
// The processor that the image is for, as npm is told it; by default this machine's.
const arch = process.env.npm_config_cpu || process.arch;
// The packages that the image has: those for its processor, without what only building needs.
const production = at('out', 'production');
const runtime = path.join(production, 'node_modules', `node-linux-${arch}`);
// Whatever Node.js npm itself runs on: the programs below run on the version that the image will have.
const env = {
  ...process.env,
  PATH: [at('node_modules', `node-linux-${process.arch}`, 'bin'), at('node_modules', '.bin'), process.env.PATH].join(path.delimiter),
  // The runtime's package brings its headers: nothing is fetched to compile against it.
  npm_config_nodedir: runtime,
  // No path of this machine goes into what is compiled.
  CFLAGS: `-ffile-prefix-map=${production}=/app -g0`,
  CXXFLAGS: `-ffile-prefix-map=${production}=/app -g0`,
  NODE_ENV: 'production',
};

function run(program, args, folder = root) {
  console.log(`${program} ${args.join(' ')}`);
  execFileSync(program, args, { cwd: folder, env, stdio: 'inherit' });
}

function frontEnd() {
  run('backstage-cli', ['package', 'build'], at('packages', 'app'));
}

// One file of our own code; packages stay in node_modules, where Backstage looks for their settings.
function backEnd() {
  run('esbuild', [
    'src/index.ts', '--bundle', '--packages=external', '--platform=node', '--target=node22', '--format=cjs',
    '--outfile=dist/index.cjs.js',
  ], at('packages', 'backend'));
}

function installForImage() {
  for (const folder of ['.', 'packages/app', 'packages/backend']) {
    fs.mkdirSync(path.join(production, folder), { recursive: true });
    fs.copyFileSync(at(folder, 'package.json'), path.join(production, folder, 'package.json'));
  }
  for (const file of ['package-lock.json', '.npmrc']) fs.copyFileSync(at(file), path.join(production, file));
  run('npm', ['ci', '--omit=dev', `--cpu=${arch}`], production);
}

function nativeAddon() {
  run('node-gyp', ['rebuild', '--release', `--arch=${arch}`], path.join(production, 'node_modules', 'better-sqlite3'));
}

// What npm leaves in packages for people, for compilers and for other machines goes.
function copyPackages() {
  fs.copyFileSync(path.join(runtime, 'bin', 'node'), at('out', 'node'));
  const modules = at('out', 'app', 'node_modules');
  fs.cpSync(path.join(production, 'node_modules'), modules, { recursive: true, verbatimSymlinks: true, filter: keep });
}

const NOT_KEPT = [
  // Not `*.d.ts`: Backstage reads the settings that a package knows from its config.d.ts, with TypeScript.
  /\.(map|markdown|tsbuildinfo)$/,
  /\/node_modules\/(\.bin|\.cache|\.package-lock\.json)$/,
  /\/node_modules\/node-linux-[a-z0-9]+$/,
  /\/node_modules\/[^/]*(\/[^/]*)?\/(__tests__|__mocks__|\.github)$/,
  /\/(README|CHANGELOG|HISTORY|readme|changelog)\.md$/,
  new RegExp(`/prebuilds/(?!linux-${arch}(/|$))[^/]+(/|$)`),
  /\/better-sqlite3\/(deps|src|build\/(?!Release(\/|$)).*|build\/Release\/(?!better_sqlite3\.node$).*)$/,
];

function keep(file) {
  return !NOT_KEPT.some(pattern => pattern.test(file));
}

function assemble() {
  for (const file of ['package.json', 'backstage.json']) fs.copyFileSync(at(file), at('out', 'app', file));
  for (const name of ['app', 'backend']) {
    const to = at('out', 'app', 'packages', name);
    fs.mkdirSync(to, { recursive: true });
    fs.copyFileSync(at('packages', name, 'package.json'), path.join(to, 'package.json'));
    fs.cpSync(at('packages', name, 'dist'), path.join(to, 'dist'), { recursive: true, filter: keep });
  }
  fs.copyFileSync(at('packages', 'app', 'config.schema.json'), at('out', 'app', 'packages', 'app', 'config.schema.json'));
}

fs.rmSync(at('out'), { recursive: true, force: true });
fs.mkdirSync(at('out', 'app'), { recursive: true });
installForImage();
nativeAddon();
frontEnd();
backEnd();
assemble();
copyPackages();
