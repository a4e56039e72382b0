import { expect, test } from 'vitest';
import { Found, foundLine, kindOf, marked, pageOf, placeOf, searchPath, wordsIn } from './search';

const found = (type: string, document: Partial<Found['document']>): Found => ({ type, document: { title: 'T', text: '', location: '/x', ...document } });

test('the line is shown that has the words, without marks, and its beginning and end only where it is long', () => {
  const text = 'Intro.\n\n- Take the [file](x.md) of the `database`\n  away.\n\n| a | b |\n|---|---|\n';
  expect(foundLine(text, ['file', 'databas'])).toBe('Take the file of the database away.');
  expect(foundLine('', ['x'])).toBe('');
  const long = `${'word '.repeat(100)}needle ${'more '.repeat(100)}`;
  const line = foundLine(long, ['needle']);
  expect(line).toMatch(/^… .*needle.* …$/);
  expect(line.length).toBeLessThan(240);
});

test('words are marked where they begin, whatever their end', () => {
  expect(marked('Delete, deleting and undelete', wordsIn('deletes'))).toEqual(['', 'Delete', ', ', 'deleting', ' and undelete']);
  expect(marked('a', [])).toEqual(['a']);
  expect(wordsIn('How do I delete the app?')).toEqual(['delet', 'app']);
});

test('what is found leads where people want to be, and says what it is', () => {
  const template = found('software-catalog', { kind: 'Template', location: '/catalog/default/template/apps-v1' });
  expect(placeOf(template)).toBe('/create/templates/default/apps-v1');
  expect(kindOf(template)).toBe('Template');
  const app = found('software-catalog', { kind: 'Component', componentType: 'app', namespace: 'demo', location: '/catalog/demo/component/a' });
  expect([placeOf(app), kindOf(app)]).toEqual(['/catalog/demo/component/a', 'app in demo']);
  expect(pageOf({ address: 'a.md#b', headings: ['Order an app', 'Delete it'], line: '' })).toBe('Docs: Order an app');
  expect(pageOf({ address: 'a.md', headings: ['Order an app'], line: '' })).toBe('Docs');
  expect(searchPath('a & b')).toBe('/search?query=a%20%26%20b');
});
