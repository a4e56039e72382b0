import { expect, test } from 'vitest';
import { differenceOf } from './difference';

const words = (before: string, after: string) => differenceOf(before, after).map(({ mark, text }) => mark + text);

test('what stays is told from what goes and what comes', () => {
  expect(words('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual([' a', '-b', '+x', ' c', '+d']);
  expect(words('', 'a\nb\n')).toEqual(['+a', '+b']);
  expect(words('a\nb', '')).toEqual(['-a', '-b']);
  expect(words('same\n', 'same\n')).toEqual([' same']);
});

test('as much as can stays', () => {
  const stays = differenceOf('a\nb\nc\nd\ne', 'b\nd\nx\ne\na').filter(each => each.mark === ' ');
  expect(stays.map(each => each.text)).toEqual(['b', 'd', 'e']);
});
