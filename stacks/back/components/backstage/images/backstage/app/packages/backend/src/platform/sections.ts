// A page of the documentation, taken apart at its headings: search finds the part that answers, not only the page.
import type { Heading } from '@backstack/common';

/** The headings of a page, in order. */
export function headings(markdown: string): Heading[] {
  return lines(markdown).flatMap(({ heading }) => heading ?? []);
}

/** A page taken apart at its headings of a level and those above it: each part with its heading, as it was written. */
export function parts(markdown: string, level: number): { heading?: Heading; text: string }[] {
  const found: { heading?: Heading; text: string }[] = [{ text: '' }];
  for (const { text, heading } of lines(markdown)) {
    if (heading && heading.level > 1 && heading.level <= level) found.push({ heading, text: '' });
    found[found.length - 1].text += `${text}\n`;
  }
  return found;
}

function lines(markdown: string): { text: string; heading?: Heading }[] {
  const seen = new Map<string, number>();
  let inCode = false;
  return markdown.split('\n').map(text => {
    if (/^\s*```/.test(text)) inCode = !inCode;
    const [, marks, words] = (!inCode && /^(#{1,6})\s+(.+?)\s*#*$/.exec(text)) || [];
    if (!words) return { text };
    const title = plain(words);
    return { text, heading: { level: marks.length, title, anchor: anchorOf(title, seen) } };
  });
}

/** A heading without its marks. */
function plain(text: string): string {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '').trim();
}

/** The anchor of a heading, as Git servers make it; a second one of the same text gets a number. */
function anchorOf(title: string, seen: Map<string, number>): string {
  const name = title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
  const before = seen.get(name) ?? 0;
  seen.set(name, before + 1);
  return before ? `${name}-${before}` : name;
}
