import { expect, test } from 'vitest';
import { reaches } from './FieldWithFindings';
import { formId } from './preview';

const schema = {
  type: 'object' as const,
  properties: { image: { type: 'string' as const }, env: { type: 'array' as const, items: { type: 'object' as const, properties: { name: { type: 'string' as const } } } } },
};

test('a field of a manifest has the id that its form gives it', () => {
  expect(formId('spec.env[0].name', 'root')).toBe('root_spec_env_0_name');
  expect(formId('', 'root')).toBe('root');
});

test.each([[['image'], true], [['env', '0', 'name'], true], [['env', '0', 'other'], false], [['image', 'deep'], false], [['none'], false]])(
  'whether a form has a field %j: %s',
  (path, expected) => expect(reaches(schema, path)).toBe(expected),
);
