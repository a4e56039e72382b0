import { expect, test } from 'vitest';
import { labelLines, readFlowchart } from './flowchart';

test('boxes and arrows are read, with what stands in and at them', () => {
  const chart = readFlowchart('flowchart TD\n  a["flags, files"] --> b\n  %% a remark\n  store[("Store")] -->|"labels: x"| b\n  b --> c{"all well?"}\n');
  expect(chart).toEqual({
    direction: 'TB',
    nodes: [
      { id: 'a', label: 'flags, files' },
      { id: 'b', label: 'b' },
      { id: 'store', label: 'Store' },
      { id: 'c', label: 'all well?' },
    ],
    edges: [
      { from: 'a', to: 'b', label: '' },
      { from: 'store', to: 'b', label: 'labels: x' },
      { from: 'b', to: 'c', label: '' },
    ],
  });
});

test.each(['sequenceDiagram\n a->>b: x', 'flowchart TD\n subgraph x', ''])('what is not understood is not drawn: %j', text => {
  expect(readFlowchart(text)).toBeUndefined();
});

test('long labels are broken, and where they say so', () => {
  expect(labelLines('observed: network, registry,<br>nodes')).toEqual(['observed: network, registry,', 'nodes']);
  expect(labelLines('flags, BACKSTACK_ variables, settings file')).toEqual(['flags, BACKSTACK_ variables,', 'settings file']);
});
