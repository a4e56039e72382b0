// The part of all schemas of settings that says who may see what. Compiling the rest takes a good part of each start, and nothing
// asks for it: settings are checked only as far as pages see them.
const { createRequire } = require('module');
const path = require('path');

// By what a schema tells something of the setting itself.
const TELLING = ['visibility', 'deepVisibility', 'deprecated'];
// What holds a schema for each name.
const NAMED = ['properties', 'patternProperties'];
// What asks more of a value, and may tell something while it does.
const FURTHER = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'items', 'additionalProperties'];

const isObject = value => typeof value === 'object' && value !== null;

// Whether anything is told in it. References are not followed: behind each may be something.
function tells(schema) {
  if (!isObject(schema)) return false;
  return '$ref' in schema || TELLING.some(word => word in schema) || Object.values(schema).some(tells);
}

// The same schema, with `true` for each setting of which nothing is told: its name stays, or it would be one of "all others".
// What tells something stays whole, and so does what depends on a value (`anyOf`), where anything in it tells something.
function visible(schema) {
  if (!isObject(schema) || TELLING.some(word => word in schema)) return schema;
  if (!tells(schema)) return true;
  const kept = { ...schema };
  for (const word of NAMED.filter(name => name in schema)) {
    const parts = Object.entries(schema[word]).map(([name, part]) => [name, visible(part)]);
    kept[word] = Object.fromEntries(parts);
  }
  for (const word of FURTHER) if (isObject(schema[word]) && !tells(schema[word])) delete kept[word];
  return kept;
}

// A file of Backstage's own code for schemas, as the back end has it.
function configLoader(packages, file) {
  const backend = createRequire(path.join(packages, 'packages', 'backend', 'package.json'));
  const found = createRequire(backend.resolve('@backstage/backend-defaults')).resolve('@backstage/config-loader');
  return require(path.join(path.dirname(found), file));
}

// One schema instead of one from each package, which Backstage would make into one anyway: only of that can be told what counts.
function told(schemas, packages) {
  const { mergeConfigSchemas } = configLoader(packages, 'schema/compile.cjs.js');
  // As there, before they are merged: whatever is in it, anything may be.
  const open = (name, value) => (name === 'additionalProperties' && isObject(value) && !Object.keys(value).length ? true : value);
  const merged = mergeConfigSchemas(schemas.map(({ value }) => JSON.parse(JSON.stringify(value), open)));
  return [{ packageName: 'all', path: 'all', value: visible(merged) }];
}

module.exports = { configLoader, told };
