/** Kinds of entities are declared in the back end. */
export const validateMetaSchema = () => {
  throw new Error('schemas of kinds are judged by the back end: scripts/later.js took this out of the front end');
};
