// Puts the back end, its packages included, into one file: Node.js finds, reads and compiles one instead of some five thousand,
// and the image has a tenth of the files. What is worked out anew with every start although it is the same each time is worked
// out here, once.
//   node scripts/bundle.js PACKAGES   prints as JSON which packages the image has to have beside that file
const { build } = require('esbuild');
const fs = require('fs');
const path = require('path');
const { configLoader, told } = require('./schema');

// The packages as the image would have them.
const packages = path.resolve(process.argv[2]);
const root = path.resolve(__dirname, '..');
// What is compiled, and what reads files that lie beside it.
const BESIDE = ['better-sqlite3', 'pg-format'];

// Replaces a file of a package as it is bundled. Fails where a newer version has no such file, or another text in it.
function replaced(filter, contents) {
  let found = 0;
  return {
    name: `replace ${filter}`,
    setup({ onLoad, onEnd }) {
      onLoad({ filter }, async ({ path: file }) => {
        found += 1;
        return { contents: await contents(fs.readFileSync(file, 'utf8')) };
      });
      onEnd(() => (found ? undefined : { errors: [{ text: `no package has a file like ${filter} any more` }] }));
    },
  };
}

// The settings that packages know: Backstage would have TypeScript compile their declarations at each start, to learn which of
// them are secrets and never to be logged.
const settings = replaced(/\/config-loader\/dist\/schema\/collect\.cjs\.js$/, async () => {
  process.chdir(packages);
  const { loadConfigSchema } = configLoader(packages, 'index.cjs.js');
  const onSchemaError = ({ message }) => console.error(message);
  const schema = await loadConfigSchema({ dependencies: ['app', 'backend'], onSchemaError });
  const schemas = told(schema.serialize().schemas, packages);
  return `exports.collectConfigSchemas = async () => JSON.parse(${JSON.stringify(JSON.stringify(schemas))});`;
});

// ajv spends half of its time on shortening the code of validators, of which most run once or never.
const validators = replaced(/\/ajv\/dist\/core\.js$/, text => {
  const changed = text.replace('_optz === undefined ? 1 :', '_optz === undefined ? 0 :');
  if (changed === text) throw new Error('ajv decides in another way than before whether it optimizes');
  return changed;
});

// A package that is not installed (databases that are not used) is asked for when somebody needs it, and is missing then.
const absent = {
  name: 'absent',
  setup(builder) {
    builder.onResolve({ filter: /^[^./]/ }, async ({ path: name, pluginData, ...rest }) => {
      if (pluginData?.asked) return undefined;
      const found = await builder.resolve(name, { ...rest, pluginData: { asked: true } });
      return found.errors.length ? { path: name, external: true } : found;
    });
  },
};

function findPackage(name, from) {
  for (let folder = from; folder.startsWith(packages); folder = path.dirname(folder)) {
    const found = path.join(folder, 'node_modules', name);
    if (fs.existsSync(found)) return found;
  }
  return undefined;
}

// A package and all that it needs, but for what only installing it takes.
function withDependencies(name, from, found = new Set()) {
  const folder = findPackage(name, from);
  if (!folder || found.has(folder) || name === 'prebuild-install') return found;
  found.add(folder);
  const { dependencies = {} } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  for (const other of Object.keys(dependencies)) withDependencies(other, folder, found);
  return found;
}

async function main() {
  await build({
    absWorkingDir: path.join(root, 'packages', 'backend'),
    entryPoints: ['src/index.ts'],
    outfile: 'dist/index.cjs.js',
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: BESIDE,
    plugins: [settings, validators, absent],
    // A third less to read. Names stay, of classes that two packages call the same too: errors are told apart by them (a page
    // that is not there was a fault of the server), and people read them in logs.
    keepNames: true,
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    legalComments: 'none',
    logLevel: 'error',
  });
  const beside = BESIDE.flatMap(name => [...withDependencies(name, packages)]);
  console.log(JSON.stringify(beside.map(folder => path.relative(packages, folder))));
}

void main();
