// What is wrong in pages of others for whoever works by keyboard or by ear, and can be put right from outside.

import { legible } from './contrast';

type Mend = { selector: string; mend: (element: Element) => void };

const MENDS: Mend[] = [
  // A tab that names a panel which is not there.
  {
    selector: '[role=tab][aria-controls]',
    mend: tab => {
      if (!document.getElementById(tab.getAttribute('aria-controls') ?? '')) tab.removeAttribute('aria-controls');
    },
  },
  // Code that is wider than its place can be reached, and so be scrolled, by keyboard.
  { selector: 'pre:not([tabindex])', mend: code => code.setAttribute('tabindex', '0') },
  // The name of a table's column sorts by it; that it can be dragged, too, is a button within the button, or around it, or
  // without a name.
  {
    selector: '[role=button] [role=button][tabindex], .MuiTableSortLabel-root [tabindex], [data-rbd-draggable-id][role=button]',
    mend: handle => ['tabindex', 'role', 'aria-describedby'].forEach(name => handle.removeAttribute(name)),
  },
  // Code: its colours are written into each word, and some are too like what is behind them.
  { selector: 'pre [style*="color"]', mend: readable },
  // A badge in a table: the same in light and dark.
  { selector: 'td > span[class]', mend: readable },
  // A link within a button: the link is what works, and the button has its name.
  {
    selector: 'button[aria-label]:not([role]) a[href]',
    mend: link => {
      const button = link.closest('button');
      if (!button || link.textContent?.trim()) return;
      link.setAttribute('aria-label', button.getAttribute('aria-label') ?? '');
      button.setAttribute('role', 'group');
      button.setAttribute('tabindex', '-1');
    },
  },
  // Whoever speaks to it says what is to be seen: a number beside a link is part of its name.
  { selector: 'a[aria-label], button[aria-label]', mend: named },
  // A bar that moves while something is loaded has no name.
  { selector: '[role=progressbar]:not([aria-label]):not([aria-labelledby])', mend: bar => bar.setAttribute('aria-label', 'Loading') },
];

/** Where the colour is kept that a word was given. */
const OWN_COLOUR = 'data-own-colour';
function readable(element: Element) {
  const { style } = element as HTMLElement;
  if (style.color && element.getAttribute(OWN_COLOUR) === style.color) return;
  const now = getComputedStyle(element).color;
  const better = legibleOn(element, now);
  if (!better || (better === now && !style.color)) return;
  style.color = better;
  element.setAttribute(OWN_COLOUR, style.color);
}

/** On what is behind it: many elements let what is behind them shine through, the nearest that does not decides. */
function legibleOn(element: Element, colour: string): string | undefined {
  for (let each: Element | null = element; each; each = each.parentElement) {
    const better = legible(colour, getComputedStyle(each).backgroundColor);
    if (better !== undefined) return better;
  }
  return undefined;
}

/** Where the name is kept that a link had by itself. */
const OWN_NAME = 'data-own-name';

function named(element: Element) {
  const seen = element.textContent?.trim().replace(/\s+/g, ' ') ?? '';
  const own = element.getAttribute(OWN_NAME) ?? element.getAttribute('aria-label') ?? '';
  const holds = (whole: string, part: string) => whole.toLowerCase().includes(part.toLowerCase());
  if (!seen || holds(own, seen)) return;
  const name = holds(seen, own) ? seen : `${own}, ${seen}`;
  element.setAttribute(OWN_NAME, own);
  if (element.getAttribute('aria-label') !== name) element.setAttribute('aria-label', name);
}

/** Mends what is in a part of the page now. */
export function mend(root: ParentNode) {
  for (const each of MENDS) root.querySelectorAll(each.selector).forEach(each.mend);
}

/** Mends what comes, too, once for each time that the page is drawn. */
export function keepMended(root: HTMLElement) {
  let waiting = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mend(root);
    });
  };
  new MutationObserver(later).observe(root, { childList: true, characterData: true, subtree: true });
  later();
}
