import { createElement, lazy, Suspense } from 'react';

const Original = lazy(() => import('original/MarkdownContent').then(({ MarkdownContent }) => ({ default: MarkdownContent })));
/** One paragraph in which nothing means anything to Markdown: most descriptions are that. */
const PLAIN = /^(?!\d+\.)[\p{L}\p{N}("'][\p{L}\p{N} ,.;:?()"'/%=-]*$/u;
const LINK = /:\/\/|www\./i;

/** Plain text needs nobody who reads it. */
export function MarkdownContent(props) {
  const { content, className } = props;
  if (PLAIN.test(content) && !LINK.test(content)) return createElement('div', { className }, createElement('p', null, content));
  return createElement(Suspense, { fallback: null }, createElement(Original, props));
}
