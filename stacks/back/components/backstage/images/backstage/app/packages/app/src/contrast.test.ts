import { expect, test } from 'vitest';
import { legible } from './contrast';

test.each([
  ['rgb(0, 0, 0)', 'rgb(255, 255, 255)', 'rgb(0, 0, 0)'],
  ['rgb(0, 134, 179)', 'rgb(248, 248, 255)', 'rgb(0, 121, 161)'],
  ['rgb(40, 60, 90)', 'rgb(12, 19, 34)', 'rgb(115, 128, 148)'],
  ['red', 'rgb(255, 255, 255)', undefined],
  ['rgb(0, 0, 0)', 'rgba(0, 0, 0, 0)', undefined],
])('%s on %s', (text, background, expected) => {
  expect(legible(text, background)).toBe(expected);
});
