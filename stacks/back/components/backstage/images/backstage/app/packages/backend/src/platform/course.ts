// The course: its tracks are pages of the docs, and their steps are sections with a comment for programs. Of those comments only
// what people see is read; what they check is the business of `backstack workshop`.
import type { Track } from '@backstack/common';
import { Docs, withoutComments } from './docs';
import { headings, parts } from './sections';

/** Where the course's pages are. */
const FOLDER = 'workshop/';
/** The page that says what the course is: its links to tracks give them their order. */
const INDEX = `${FOLDER}index.md`;

/** All tracks: those that the course's first page names in its order, then the others. */
export async function tracksOf(docs: Docs): Promise<Track[]> {
  const pages = (await docs.pages()).map(each => each.path).filter(each => each.startsWith(FOLDER));
  const found = await Promise.all(pages.map(async page => trackOf(page, await docs.source(page))));
  const index = pages.includes(INDEX) ? await docs.source(INDEX) : '';
  const place = ({ page }: Track) => (index.indexOf(`(${page.slice(FOLDER.length)}`) + 1 || Infinity);
  return found.filter(each => each !== undefined).sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
}

/** The track that a page is; nothing for one that is only text. */
export function trackOf(page: string, markdown: string): Track | undefined {
  const [top, ...others] = parts(markdown, 2);
  const note = commentOf('track', top.text);
  if (note === undefined) return undefined;
  const steps = others.flatMap(({ heading, text }) => {
    const step = commentOf('step', text);
    return step === undefined || !heading ? [] : [{ id: heading.anchor, title: heading.title, minutes: minutesIn(step) }];
  });
  const named = /^name:\s*["']?([\w-]+)/m.exec(note)?.[1];
  const title = headings(markdown)[0]?.title ?? page;
  return { name: named ?? page.replace(/^.*\/|\.md$/g, ''), title, page, minutes: minutesIn(note), steps };
}

/** What people read of a step, its heading included. */
export function stepText(markdown: string, id: string): string | undefined {
  const found = parts(markdown, 2).find(({ heading, text }) => heading?.anchor === id && commentOf('step', text) !== undefined);
  return found && withoutComments(found.text);
}

/** Words of a track that name what a learner makes: each of several has their own. */
export function ownWords(markdown: string): { own: string[]; user?: string } {
  const note = commentOf('track', parts(markdown, 2)[0].text) ?? '';
  const own = /^own:\s*\[([^\]]*)\]/m.exec(note)?.[1].split(',').map(each => each.trim()).filter(Boolean) ?? [];
  return { own, user: /^as:\s*([\w-]+)/m.exec(note)?.[1] };
}

/** A text as it is for one of several learners: `backstack workshop` does the same with what it shows and checks. */
export function renamed(text: string, { own, user }: { own: string[]; user?: string }, learner: string): string {
  const named = user ? text.replaceAll(`\`${user}\``, `\`${learner}\``) : text;
  return own.reduce((all, word) => all.replace(new RegExp(`(?<![\\p{L}\\p{N}_-])${word}(?![\\p{L}\\p{N}_])`, 'gu'), `${word}-${learner}`), named);
}

/** The comment of a kind that follows a heading. */
function commentOf(kind: string, section: string): string | undefined {
  return new RegExp(`^#[^\\n]*\\n\\s*<!--\\s*${kind}\\b([\\s\\S]*?)-->`).exec(section.trimStart())?.[1];
}

function minutesIn(note: string): number | undefined {
  const found = /^minutes:\s*(\d+)\s*(?:#.*)?$/m.exec(note);
  return found ? Number(found[1]) : undefined;
}
