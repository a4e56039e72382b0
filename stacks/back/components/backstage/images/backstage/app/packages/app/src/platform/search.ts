// What search finds, as people read it.
import type { DocsFound } from '@backstack/common';

export type Found = {
  type: string;
  document: { title: string; text: string; location: string; kind?: string; namespace?: string; componentType?: string };
};

/** The address of the page that searches for something. */
export function searchPath(term: string): string {
  return `/search?query=${encodeURIComponent(term)}`;
}

/** Where something that was found is looked at: of a template, that is its form. */
export function placeOf({ document: { location, kind } }: Found): string {
  const [, namespace, name] = (kind === 'Template' && /^\/catalog\/([^/]+)\/template\/([^/]+)$/.exec(location)) || [];
  return name ? `/create/templates/${namespace}/${name}` : location;
}

/** What something is, in a word or two. */
export function kindOf({ document }: Found): string {
  const kind = document.kind === 'Component' ? document.componentType : document.kind;
  return document.kind === 'Component' && document.namespace ? `${kind} in ${document.namespace}` : kind ?? '';
}

/** Which page of the docs a section is of. */
export function pageOf({ headings: [page, ...below] }: DocsFound): string {
  return below.length > 0 ? `Docs: ${page}` : 'Docs';
}

/** The line of a text that has the most of the words, without Markdown's marks. */
export function foundLine(text: string, words: string[]): string {
  const lines = paragraphs(text);
  const count = (line: string) => words.filter(word => line.toLowerCase().includes(word)).length;
  const best = lines.reduce((one, other) => (count(other) > count(one) ? other : one), lines[0] ?? '');
  return around(best, words);
}

/** Lines as people see them: those of a paragraph belong together. */
function paragraphs(text: string): string[] {
  const joined = text.replace(/([^\n])\n(?=[^\n\-*|#>\d`])/g, '$1 ');
  const bare = joined.replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*|]+/g, ' ').replace(/^[-#>\s]+/gm, '');
  return bare.split('\n').map(line => line.replace(/\s+/g, ' ').trim()).filter(line => /\p{L}/u.test(line));
}

const LONGEST = 220;

/** The part of a long line that has the first of the words. */
function around(line: string, words: string[]): string {
  if (line.length <= LONGEST) return line;
  const at = Math.min(...words.map(word => line.toLowerCase().indexOf(word)).filter(index => index >= 0), line.length);
  const start = at < LONGEST - 40 || at === line.length ? 0 : line.lastIndexOf(' ', at - 60) + 1;
  const end = line.length - start <= LONGEST ? line.length : line.lastIndexOf(' ', start + LONGEST);
  return `${start > 0 ? '… ' : ''}${line.slice(start, end)}${end < line.length ? ' …' : ''}`;
}

/** Words of questions: they are in every text. */
const EMPTY = new Set(['and', 'are', 'can', 'does', 'for', 'from', 'how', 'the', 'this', 'what', 'when', 'where', 'which', 'who', 'why', 'with', 'you']);

/** The words that somebody looks for, without endings that differ: as in the engine. */
export function wordsIn(term: string): string[] {
  const all = term.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return all.filter(word => all.length === 1 || !EMPTY.has(word)).map(word => (word.length > 4 ? word.replace(/(ies|ing|ed|es|s|e|y)$/, '') : word)).filter(word => word.length > 2 || all.length === 1);
}

/** A line in parts, of which every second one begins with one of the words. */
export function marked(line: string, words: string[]): string[] {
  if (words.length === 0) return [line];
  return line.split(new RegExp(`((?<![\\p{L}\\p{N}])(?:${words.join('|')})[\\p{L}\\p{N}]*)`, 'giu'));
}
