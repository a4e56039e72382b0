// Required before Backstage's program builds the front end: parts of Backstage that a page can do without until somebody needs
// them are not in the first load. Each is replaced by a file of `later/`, which loads it when it is used, or says that nobody does.
const fs = require('fs');
const Module = require('module');
const path = require('path');

const PART = './config.cjs.js';
/** What is replaced, and by what; a file there asks for the original as `original/NAME`. */
const LATER = {
  // Much of it reads HTML.
  MarkdownContent: '@backstage/core-components/dist/components/MarkdownContent/MarkdownContent.esm.js',
  // It comes with a library of animations.
  ToastContainer: '@backstage/plugin-app/dist/components/Toast/ToastContainer.esm.js',
  // It comes with what writes YAML.
  InspectEntityDialog: '@backstage/plugin-catalog-react/dist/components/InspectEntityDialog/InspectEntityDialog.esm.js',
  // The back end judges entities and their kinds. Both come with a compiler of schemas, and one runs it at each start.
  entityKindSchemaValidator: '@backstage/catalog-model/dist/validation/entityKindSchemaValidator.esm.js',
  validateMetaSchema: '@backstage/catalog-model/dist/model/jsonSchema/validateMetaSchema.esm.js',
};
/** What nobody uses, and is loaded because one of Backstage's packages names it without taking anything from it. */
const UNUSED = /[\\/]node_modules[\\/](react-idle-timer|react-sparklines)[\\/]/;
const ORIGINAL = 'original/';
const load = Module._load;

Module._load = function loadWithLater(request, parent, ...rest) {
  const loaded = load.call(this, request, parent, ...rest);
  if (request !== PART) return loaded;
  const { rspack } = require(require.resolve('@rspack/core', { paths: [parent.filename] }));
  const createConfig = async (...args) => {
    const config = await loaded.createConfig(...args);
    const rules = [...config.module.rules, { test: UNUSED, sideEffects: false }];
    return { ...config, module: { ...config.module, rules }, plugins: [...config.plugins, ...later(rspack)] };
  };
  return { ...loaded, createConfig };
};

/** Where a file of a package lies. Fails where a newer version has it elsewhere. */
function original(name) {
  const file = path.join(__dirname, '..', 'node_modules', LATER[name]);
  if (!fs.existsSync(file)) throw new Error(`Backstage has ${name} in another place than before: see scripts/later.js`);
  return file;
}

function later(rspack) {
  const originals = new Map(Object.keys(LATER).map(name => [original(name), name]));
  const replace = resource => {
    if (resource.request.startsWith(ORIGINAL)) {
      resource.request = original(resource.request.slice(ORIGINAL.length));
      return;
    }
    const name = originals.get(path.resolve(resource.context, resource.request));
    if (name) resource.request = path.join(__dirname, 'later', `${name}.mjs`);
  };
  return [new rspack.NormalModuleReplacementPlugin(new RegExp(`^${ORIGINAL}|/(${Object.keys(LATER).join('|')})\\.esm\\.js$`), replace)];
}
