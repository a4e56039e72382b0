// Search in the memory of the portal: Lunr finds candidates, and only what really has the words is told. Lunr alone would find
// something for every word: it takes others for it that differ in two letters.
import { ConcreteLunrQuery, LunrSearchEngine } from '@backstage/plugin-search-backend-node';
import { IndexableResult, IndexableResultSet, SearchQuery } from '@backstage/plugin-search-common';

/** Words of questions, which are in every text. */
const EMPTY = new Set('a an and are as at be by can do does for from how i in is it its me my not of on or that the this to what when where which who why with you'.split(' '));
/** So many candidates are looked at. */
const CANDIDATES = 300;

/** The words of a query that mean something; all of them where none does. */
export function wordsOf(term: string): string[] {
  const all = term.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const telling = all.filter(word => !EMPTY.has(word));
  return [...new Set(telling.length > 0 ? telling : all)];
}

/** What a word has in common with its other forms: `deleting`, `deleted` and `deletes` are found by `delete`. */
export function stem(word: string): string {
  return word.length > 4 ? word.replace(/(ies|ing|ed|es|s|e|y)$/, '') : word;
}

export class PortalSearchEngine extends LunrSearchEngine {
  constructor(options: ConstructorParameters<typeof LunrSearchEngine>[0]) {
    super(options);
    this.setTranslator(translate);
  }

  async getIndexer(type: string) {
    const indexer = await super.getIndexer(type);
    withoutTrimmer(indexer as unknown as Builds);
    return indexer;
  }

  async query(query: SearchQuery): Promise<IndexableResultSet> {
    const words = wordsOf(query.term).map(stem);
    if (words.length === 0) return { results: [], numberOfResults: 0 };
    const { results } = await super.query({ ...query, pageCursor: undefined });
    const found = ranked(results, words).slice(0, query.pageLimit ?? 25);
    return { results: found.map((each, index) => ({ ...each, rank: index + 1 })), numberOfResults: found.length };
  }
}

type Builds = { builder: { pipeline: { _stack: { label?: string }[]; remove: (step: object) => void } } };

/** Lunr trims words of all letters that are not English ones; they were cut out of the text without anything around them. */
function withoutTrimmer({ builder: { pipeline } }: Builds) {
  const trimmer = pipeline._stack.find(each => each.label === 'trimmer');
  if (trimmer) pipeline.remove(trimmer);
}

function translate({ term, types }: SearchQuery): ConcreteLunrQuery {
  return {
    documentTypes: types,
    pageSize: CANDIDATES,
    lunrQueryBuilder: builder => {
      for (const word of wordsOf(term)) {
        builder.term(word, { usePipeline: true, boost: 10 });
        builder.term(`${stem(word)}*`, { usePipeline: false, boost: 1 });
      }
    },
  };
}

/** Those with the most of the words first; of these, those with them in the title; then as Lunr has it. */
function ranked(results: IndexableResult[], words: string[]): IndexableResult[] {
  const counted = results.map(result => {
    const { title, text } = result.document;
    const count = (where: string) => words.filter(word => has(where, word)).length;
    return { result, all: count(`${title} ${text} ${result.document.location}`), title: count(title) };
  });
  const most = Math.max(0, ...counted.map(each => each.all));
  // Of three words, two are worth showing; one is not.
  const enough = counted.filter(each => each.all > 0 && each.all >= most - (most > 2 ? 1 : 0));
  return enough.sort((a, b) => b.all - a.all || b.title - a.title).map(each => each.result);
}

/** Whether a text has a word that begins like this. */
function has(text: string, word: string): boolean {
  return new RegExp(`(?<![\\p{L}\\p{N}])${word}`, 'iu').test(text);
}
