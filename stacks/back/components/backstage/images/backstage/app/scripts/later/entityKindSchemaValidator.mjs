/** Of what Backstage can do with an entity's kind, its front end only asks which it is. */
export const entityKindSchemaValidator = () => () => {
  throw new Error('entities are judged by the back end: scripts/later.js took this out of the front end');
};
