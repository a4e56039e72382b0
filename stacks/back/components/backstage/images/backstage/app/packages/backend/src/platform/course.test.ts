import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownWords, renamed, stepText, trackOf, tracksOf } from './course';
import { Docs } from './docs';
import { seenBy } from './docsRoutes';

const TRACK = `# The developer's day
<!-- track
name: developer
as: developer            # who the learner is
minutes: 45
-->

What you need.

## Before you begin

Only text.

## Order an \`App\`
<!-- step
minutes: 5
check:
  - answer: { question: "Which?", is: no-nginx }
-->
Why: to see it.

### More

1. Open [Create](/create).

\`\`\`md
## No heading
<!-- step -->
\`\`\`

## Order an App
<!-- step
check: []
-->
The second.
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portal-course-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a track has its title, its minutes and its steps; sections without a step are only text', () => {
  expect(trackOf('workshop/developer.md', TRACK)).toEqual({
    name: 'developer',
    title: 'The developer\'s day',
    page: 'workshop/developer.md',
    minutes: 45,
    steps: [
      { id: 'order-an-app', title: 'Order an App', minutes: 5 },
      { id: 'order-an-app-1', title: 'Order an App', minutes: undefined },
    ],
  });
  expect(trackOf('workshop/teacher.md', '# For teachers\n\n## One\n<!-- step\nminutes: 1\n-->\n')).toBeUndefined();
});

test('the text of a step is what people read: no answers, and all its headings', () => {
  const text = stepText(TRACK, 'order-an-app');
  expect(text).toMatch(/^## Order an `App`\nWhy: to see it\./);
  expect(text).toContain('### More');
  expect(text).toContain('## No heading\n<!-- step -->');
  expect(text).not.toContain('no-nginx');
  expect(text).not.toContain('The second.');
  expect(stepText(TRACK, 'before-you-begin')).toBeUndefined();
  expect(stepText(TRACK, 'none')).toBeUndefined();
});

test('tracks come in the order of the course\'s first page, and the others after them', async () => {
  const page = (name: string) => `# ${name}\n<!-- track\nname: ${name}\n-->\n`;
  for (const name of ['assistant', 'developer', 'exercises']) writeFileSync(join(folder, `workshop__${name}.md`), page(name));
  writeFileSync(join(folder, 'workshop__teacher.md'), '# Teacher');
  writeFileSync(join(folder, 'how-to__apps.md'), page('elsewhere'));
  const docs = new Docs(folder);
  expect((await tracksOf(docs)).map(each => each.name)).toEqual(['assistant', 'developer', 'exercises']);
  writeFileSync(join(folder, 'workshop__index.md'), '# The course\n\n[Developer](developer.md), [Assistant](assistant.md#a)');
  expect((await tracksOf(docs)).map(each => each.name)).toEqual(['developer', 'assistant', 'exercises']);
});

test('a step reads for one of several learners as the program has it for them', () => {
  const own = ownWords(TRACK.replace('minutes: 45', 'minutes: 45\nown: [lab]'));
  expect(own).toEqual({ own: ['lab'], user: 'developer' });
  const text = 'lab/app/shop.yaml, lab-app-shop, -n lab, namespace: lab\n**lab**; collab, labour, my-lab, lab_x, `developer`, a developer';
  expect(renamed(text, own, 'ada')).toBe(
    'lab-ada/app/shop.yaml, lab-ada-app-shop, -n lab-ada, namespace: lab-ada\n**lab-ada**; collab, labour, my-lab, lab_x, `ada`, a developer',
  );
  expect(ownWords(TRACK)).toEqual({ own: [], user: 'developer' });
});

test('one of several learners sees themselves only, and everybody else sees all', () => {
  const [ada, bob] = ['ada', 'bob'].map(name => ({ name, track: 'developer', done: [], like: 'developer' }));
  expect(seenBy('ada', [ada, bob])).toEqual([{ ...ada, isOwn: true }]);
  expect(seenBy('platform-engineer', [ada, bob])).toEqual([ada, bob]);
});
