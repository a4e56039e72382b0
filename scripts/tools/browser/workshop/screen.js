// Finds what a person would: things on the screen, by the words that stand there.

/** What can be pressed. */
const PRESSED = ['button', 'link', 'tab', 'menuitem', 'option', 'radio', 'checkbox', 'treeitem'];
/** What can be written into. */
const WRITTEN = ['textbox', 'spinbutton', 'combobox', 'searchbox'];
/** How far up the page a card, a row or a section may begin above the words that name it. */
const HEIGHT = 12;
/** Milliseconds between two looks at the page. */
const PAUSE = 250;

function escaped(words) {
  return words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Names that mean these words: the same, with what Backstage adds to links, and longer ones that begin with it. */
function spellings(words) {
  const same = escaped(words);
  return [new RegExp(`^\\s*${same}(\\s*\\*)?(\\s*, Opens in a new window)?\\s*$`, 'i'), new RegExp(`^\\s*${same}\\b`, 'i')];
}

async function shown(locator) {
  for (const each of await locator.all()) {
    if (await each.isVisible().catch(() => false)) return each;
  }
  return undefined;
}

/** The dialog that is open, or the page: what lies behind a dialog cannot be reached. */
async function front(page) {
  return (await shown(page.getByRole('dialog'))) ?? page;
}

async function named(scope, roles, words) {
  for (const name of spellings(words)) {
    for (const role of roles) {
      const found = await shown(scope.getByRole(role, { name }));
      if (found) return found;
    }
  }
  return undefined;
}

/** Places that show exactly these words come before those that only contain them. */
async function texts(scope, words) {
  const all = [...(await scope.getByText(words, { exact: true }).all()), ...(await scope.getByText(words).all())];
  const visible = await Promise.all(all.map(each => each.isVisible().catch(() => false)));
  return all.filter((_, place) => visible[place]);
}

/** The smallest part of the page that shows `place` and has what `find` looks for. */
async function around(scope, place, find) {
  for (const text of await texts(scope, place)) {
    for (let height = 1; height <= HEIGHT; height += 1) {
      const part = text.locator(`xpath=ancestor::*[${height}]`);
      if (!(await part.count())) break;
      const found = await find(part);
      if (found) return found;
    }
  }
  return undefined;
}

/** Looks until there is something, or the time is over. */
export async function soon(what, look, patience) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found) return found;
    if (Date.now() > end) throw new Error(`after ${patience / 1000} s there is no ${what} on the screen`);
    await new Promise(resolve => setTimeout(resolve, PAUSE));
  }
}

/** Something to press, within the card, row or section that shows `place` if that is given. */
export async function toPress(page, words, place) {
  const scope = await front(page);
  const find = part => named(part, PRESSED, words);
  const found = place ? await around(scope, place, find) : await find(scope);
  return found && (await found.isEnabled()) ? found : undefined;
}

/** A field to write into, by its label. */
export async function toWrite(page, label) {
  const scope = await front(page);
  return (await named(scope, WRITTEN, label)) ?? (await shown(scope.getByLabel(label)));
}

/** A box to tick, by its label. */
export async function toTick(page, label) {
  return named(await front(page), ['checkbox', 'switch'], label);
}

/** Chooses from a list that opens, or among buttons of which one can be pressed in. */
export async function choose(page, value, label, patience) {
  const scope = await front(page);
  const group = await shown(scope.getByRole('radiogroup', { name: spellings(label)[0] }));
  if (group) {
    const radio = await soon(`"${value}" in "${label}"`, () => named(group, ['radio'], value), patience);
    return radio.check();
  }
  const list = await soon(`list "${label}"`, () => named(scope, ['combobox', 'button'], label), patience);
  await list.click();
  const option = await soon(`"${value}" in "${label}"`, () => named(page, ['option', 'menuitem'], value), patience);
  return option.click();
}

/** The words, where they can be seen: as text, or in a field. */
export async function seen(page, words) {
  const text = (await texts(page, words))[0];
  if (text) return text;
  for (const field of await page.locator('input, textarea').all()) {
    if ((await field.inputValue().catch(() => '')).includes(words) && (await field.isVisible())) return field;
  }
  return undefined;
}
