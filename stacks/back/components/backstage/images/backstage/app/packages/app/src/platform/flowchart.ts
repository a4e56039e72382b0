// Reads diagrams of the documentation: Mermaid's flowcharts, as far as pages here use them. Mermaid itself would be larger than
// the rest of the portal.

export type Chart = { direction: 'TB' | 'LR'; nodes: { id: string; label: string }[]; edges: { from: string; to: string; label: string }[] };

const NODE = String.raw`([\w-]+)(?:\[\(?"?([^"\]]*?)"?\)?\]|\{"?([^"}]*)"?\}|\("?([^")]*)"?\))?`;
const EDGE = new RegExp(String.raw`^${NODE}\s*(?:-->|---)\s*(?:\|"?([^"|]*)"?\|)?\s*${NODE}$`);
const ALONE = new RegExp(`^${NODE}$`);

/** The chart; nothing where there is something in it that is not understood. */
export function readFlowchart(text: string): Chart | undefined {
  const [head, ...rest] = text.split('\n').map(line => line.trim()).filter(line => line && !line.startsWith('%%'));
  const [, direction] = /^(?:flowchart|graph)\s+(TD|TB|LR)$/.exec(head ?? '') ?? [];
  if (!direction) return undefined;
  const nodes = new Map<string, string>();
  const edges: Chart['edges'] = [];
  const node = (id: string, ...labels: (string | undefined)[]) => {
    const label = labels.find(each => each !== undefined);
    if (label !== undefined || !nodes.has(id)) nodes.set(id, label ?? id);
  };
  for (const line of rest) {
    const edge = EDGE.exec(line);
    const one = edge ?? ALONE.exec(line);
    if (!one) return undefined;
    node(one[1], one[2], one[3], one[4]);
    if (!edge) continue;
    node(edge[6], edge[7], edge[8], edge[9]);
    edges.push({ from: edge[1], to: edge[6], label: edge[5] ?? '' });
  }
  return { direction: direction === 'LR' ? 'LR' : 'TB', nodes: [...nodes].map(([id, label]) => ({ id, label })), edges };
}

const WIDEST = 28;

/** A label in lines that fit into a box. */
export function labelLines(label: string): string[] {
  return label.split(/<br\s*\/?>/).flatMap(part => {
    const lines = [''];
    for (const word of part.trim().split(/\s+/)) {
      const last = lines[lines.length - 1];
      if (last && last.length + word.length + 1 > WIDEST) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines;
  });
}
