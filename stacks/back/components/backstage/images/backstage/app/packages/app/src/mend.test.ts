import { expect, test } from 'vitest';
import { keepMended, mend } from './mend';

function page(html: string): HTMLElement {
  document.body.innerHTML = html;
  return document.body;
}

test('what names something that is not there does so no more', () => {
  const root = page('<div role="tab" aria-controls="none"></div><div role="tab" aria-controls="there"></div><div id="there"></div>');
  mend(root);
  expect([...root.querySelectorAll('[role=tab]')].map(each => each.getAttribute('aria-controls'))).toEqual([null, 'there']);
});

test('code can be reached by keyboard; what moves has a name', () => {
  const root = page('<pre></pre><pre tabindex="-1"></pre><div role="progressbar"></div><div role="progressbar" aria-label="Half"></div>');
  mend(root);
  expect([...root.querySelectorAll('pre')].map(each => each.getAttribute('tabindex'))).toEqual(['0', '-1']);
  expect([...root.querySelectorAll('[role=progressbar]')].map(each => each.getAttribute('aria-label'))).toEqual(['Loading', 'Half']);
});

test('a button within a button is one, and a link within one is the link', () => {
  const root = page(
    '<span role="button" class="MuiTableSortLabel-root" tabindex="0"><div tabindex="0" role="button">Name</div></span>'
    + '<button aria-label="Show details"><span><a href="/x"><svg></svg></a></span></button>',
  );
  mend(root);
  expect(root.querySelector('span > div')?.hasAttribute('tabindex')).toBe(false);
  expect(root.querySelector('span')?.getAttribute('tabindex')).toBe('0');
  expect(root.querySelector('a')?.getAttribute('aria-label')).toBe('Show details');
  expect(root.querySelector('button')?.getAttribute('role')).toBe('group');
});

test('a number beside a link is part of its name, whatever it becomes', () => {
  const root = page('<a aria-label="Notifications" href="/n"><span>3</span></a><a aria-label="Open the app" href="/o">Open</a>');
  mend(root);
  const names = () => [...root.querySelectorAll('a')].map(each => each.getAttribute('aria-label'));
  expect(names()).toEqual(['Notifications, 3', 'Open the app']);
  root.querySelector('span')!.textContent = '4';
  mend(root);
  expect(names()).toEqual(['Notifications, 4', 'Open the app']);
});

test('a handle that has no name is none; code can be read', () => {
  const root = page(
    '<div data-rbd-draggable-id="6" role="button" tabindex="0"></div>'
    + '<pre style="background-color: rgb(248, 248, 255)"><code style="background-color: transparent"><span style="color: rgb(0, 134, 179)">a</span><span style="color: rgb(0, 0, 0)">b</span></code></pre>',
  );
  root.insertAdjacentHTML('beforeend', '<table><tr><td><span class="a" style="background-color: rgb(33, 150, 243); color: rgb(255, 255, 255)">K8s</span><i>plain</i></td></tr></table>');
  mend(root);
  expect(root.querySelector<HTMLElement>('td > span')?.style.color).toBe('rgb(38, 38, 38)');
  expect(root.querySelector('div')?.hasAttribute('role')).toBe(false);
  const colours = () => [...root.querySelectorAll<HTMLElement>('pre span')].map(each => each.style.color);
  expect(colours()).toEqual(['rgb(0, 121, 161)', 'rgb(0, 0, 0)']);
  mend(root);
  expect(colours()).toEqual(['rgb(0, 121, 161)', 'rgb(0, 0, 0)']);
});

test('what is behind code may be far away', () => {
  const deep = '<div>'.repeat(20);
  const root = page(`<article style="background-color: rgb(244, 246, 250)">${deep}<pre><code><span style="color: rgb(33, 145, 97)">'a'</span></code></pre></article>`);
  mend(root);
  expect(root.querySelector<HTMLElement>('pre span')?.style.color).toBe('rgb(28, 123, 82)');
});

test('what comes later is mended, too', async () => {
  const root = page('');
  keepMended(root);
  root.append(document.createElement('pre'));
  await expect.poll(() => root.querySelector('pre')?.getAttribute('tabindex')).toBe('0');
});
