// Required before Backstage's program builds the front end: has it make few files of it. By itself it makes one of each larger
// package, and one of each page and card: a browser asked for some forty before it showed a page of the portal.
const Module = require('module');

const PART = './optimization.cjs.js';
/** What the pages of the catalog have in common. */
const COMMON = /[\\/]node_modules[\\/](@backstage[\\/](core-components|plugin-catalog|plugin-catalog-react|ui)|@material-ui[\\/](core|icons|lab)|marked|react-aria|react-aria-components|react-stately|react-use)[\\/]/;
const load = Module._load;

Module._load = function loadWithFewerFiles(request, parent, ...rest) {
  const loaded = load.call(this, request, parent, ...rest);
  if (request !== PART) return loaded;
  if (!loaded.optimization) throw new Error(`${parent.filename} decides in another way than before which files there are`);
  return { ...loaded, optimization: options => fewer(loaded.optimization(options)) };
};

function fewer(optimization) {
  const groups = optimization.splitChunks?.cacheGroups ?? {};
  if (!groups.packages || !groups.vendor) throw new Error('Backstage puts packages into other files than before: see scripts/chunks.js');
  // All of them are in the first load: one file is one request.
  delete groups.packages;
  groups.common = { chunks: 'async', test: COMMON, name: 'common', priority: 1, enforce: true };
  // There is one page to begin with: what finds the other files need not be a file of its own.
  optimization.runtimeChunk = false;
  return optimization;
}
