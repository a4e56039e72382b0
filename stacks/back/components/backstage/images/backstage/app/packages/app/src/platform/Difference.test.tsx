import { expect, test } from 'vitest';
import type { Line } from '@backstack/common';
import { linesOf, shown } from './Difference';

const stay = (count: number): Line[] => Array.from({ length: count }, (_, index) => ({ mark: ' ', text: `${index}` }));

test('of what stays, only what is near is shown', () => {
  const lines = shown([...stay(6), { mark: '+', text: 'new' }, ...stay(5)]);
  expect(lines.map(each => ('folded' in each ? each.folded : each.mark + each.text))).toEqual([3, ' 3', ' 4', ' 5', '+new', ' 0', ' 1', ' 2', 2]);
  expect(shown(stay(9))).toHaveLength(9);
});

test('a difference as Git writes it is read, with the names of its files', () => {
  const text = 'diff --git a/x.yaml b/x.yaml\nindex 1..2 100644\n--- a/x.yaml\n+++ b/x.yaml\n@@ -1,2 +1,2 @@\n kind: App\n-image: a\n+image: b\n\\ No newline at end of file\n';
  expect(linesOf(text).map(({ mark, text: line }) => mark + line)).toEqual([' # x.yaml', ' kind: App', '-image: a', '+image: b']);
});
