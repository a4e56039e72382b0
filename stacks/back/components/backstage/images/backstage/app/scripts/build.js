// Builds the portal into `out/`: `out/app` is what the image holds below /app, `out/node` the Node.js that runs it.
// Runs after `npm ci`; what npm needs to be told lies in .npmrc.
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { pack } = require('./pack');
const { told } = require('./schema');

const root = path.resolve(__dirname, '..');
const at = (...parts) => path.join(root, ...parts);
// The processor that the image is for, as npm is told it; by default this machine's.
const arch = process.env.npm_config_cpu || process.arch;
// The packages for the image's processor, without what only building needs.
const production = at('out', 'production');
const runtime = path.join(production, 'node_modules', `node-linux-${arch}`);
// The portal's own settings.
const SETTINGS = 'packages/app/config.schema.json';
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

function run(program, args, folder = root, more = {}) {
  console.log(`${program} ${args.join(' ')}`);
  execFileSync(program, args, { cwd: folder, env: { ...env, ...more }, stdio: 'inherit' });
}

function frontEnd() {
  const changed = ['chunks', 'later'].map(each => `--require=${at('scripts', `${each}.js`)}`).join(' ');
  run('backstage-cli', ['package', 'build'], at('packages', 'app'), { NODE_OPTIONS: changed });
  pack(at('packages', 'app', 'dist', 'static'));
  // The back end compiles it at each start.
  const file = at('packages', 'app', 'dist', '.config-schema.json');
  const schema = JSON.parse(fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(file, JSON.stringify({ ...schema, schemas: told(schema.schemas, production) }));
}

// One file, and the packages that have to lie beside it.
function backEnd() {
  const told = execFileSync('node', [at('scripts', 'bundle.js'), production], { env, encoding: 'utf8' });
  return JSON.parse(told);
}

// The front end's packages are in its bundle: the image needs those of the back end alone.
function installForImage() {
  for (const folder of ['.', 'packages/app', 'packages/backend', 'packages/common']) {
    fs.mkdirSync(path.join(production, folder), { recursive: true });
    fs.copyFileSync(at(folder, 'package.json'), path.join(production, folder, 'package.json'));
  }
  for (const file of ['package-lock.json', '.npmrc', SETTINGS]) fs.copyFileSync(at(file), path.join(production, file));
  run('npm', ['ci', '--omit=dev', `--cpu=${arch}`, '--workspace=packages/backend', '--include-workspace-root'], production);
  // What tells of all settings looks for it there.
  const link = path.join(production, 'node_modules', 'app');
  if (!fs.existsSync(link)) fs.symlinkSync('../packages/app', link);
}

function nativeAddon() {
  run('node-gyp', ['rebuild', '--release', `--arch=${arch}`], path.join(production, 'node_modules', 'better-sqlite3'));
}

// Of packages that are in the bundle, back ends find what they do to their databases by the package's name.
function withMigrations() {
  const names = fs.readdirSync(path.join(production, 'node_modules', '@backstage')).map(name => `node_modules/@backstage/${name}`);
  return names.filter(name => fs.existsSync(path.join(production, name, 'migrations')));
}

function copyPackages(beside) {
  fs.copyFileSync(path.join(runtime, 'bin', 'node'), at('out', 'node'));
  const copy = (name, filter) => fs.cpSync(path.join(production, name), at('out', 'app', name), { recursive: true, filter });
  for (const name of beside) copy(name, keep);
  for (const name of withMigrations()) for (const part of ['package.json', 'migrations']) copy(`${name}/${part}`);
  for (const name of ['app', 'backend']) fs.symlinkSync(`../packages/${name}`, at('out', 'app', 'node_modules', name));
}

// What npm leaves in packages for people, for compilers and for other machines goes.
const NOT_KEPT = [
  /\.(md|map|markdown|d\.ts|tsbuildinfo)$/,
  /\/node_modules\/[^/]*\/(test|\.github)$/,
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
}

fs.rmSync(at('out'), { recursive: true, force: true });
fs.mkdirSync(at('out', 'app'), { recursive: true });
installForImage();
nativeAddon();
frontEnd();
const beside = backEnd();
assemble();
copyPackages(beside);
