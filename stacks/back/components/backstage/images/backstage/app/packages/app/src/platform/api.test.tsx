import { act, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { composite, Routes, show } from '../testing/show';
import { entityRoute, useRoute } from './api';
import { Asker } from './asker';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function Part({ seconds }: { seconds?: number }) {
  const { value, error, loading } = useRoute<{ word: string }>('word', seconds);
  return <p>{loading ? 'loading' : error?.message ?? value?.word}</p>;
}

const later = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));
const text = () => screen.getByRole('paragraph').textContent;

test('a page that stays open asks again; another one does not', async () => {
  let word = 'first';
  const routes: Routes = () => Response.json({ word });
  const calls = show(<Part seconds={10} />, { routes });
  expect(text()).toBe('loading');
  await later(40);
  expect(text()).toBe('first');
  word = 'second';
  await later(10_000);
  await later(40);
  expect(text()).toBe('second');
  expect(calls).toHaveLength(2);
});

test('what parts of a page ask together goes in one request; a part that fails fails alone', async () => {
  const asked: string[] = [];
  const fetch = (route: string) => {
    asked.push(route);
    return Promise.resolve(new Response('{"route":"b","error":{"name":"NotFoundError","message":"no b"}}\n{"route":"a","body":{"word":"x"}}\n'));
  };
  const asker = new Asker(fetch);
  const [one, same, other, none] = [asker.ask('a'), asker.ask('a'), asker.ask('b'), asker.ask('c')].map(each => each.catch((error: Error) => error.message));
  await later(40);
  expect(await Promise.all([one, same, other, none])).toEqual([{ word: 'x' }, { word: 'x' }, 'no b', 'the portal broke off before it had answered']);
  expect(asked).toEqual(['many?route=a&route=b&route=c']);
});

test('without a time it asks once', async () => {
  const calls = show(<Part />, { routes: () => Response.json({ word: 'x' }) });
  await later(100_000);
  expect(calls).toHaveLength(1);
});

test('an answer that is no JSON is told by its status', async () => {
  show(<Part />, { routes: () => new Response('<html>', { status: 502 }) });
  await later(40);
  expect(text()).toBe('the portal answered 502');
});

test('what failed is asked again, and comes back by itself', async () => {
  let isAway = true;
  show(<Part />, { routes: () => (isAway ? new Response('', { status: 503 }) : Response.json({ word: 'back' })) });
  await later(40);
  expect(text()).toBe('the portal answered 503');
  isAway = false;
  await later(8_000);
  await later(40);
  expect(text()).toBe('back');
});

test('the route of an entity names it; what has no namespace is in the default one', () => {
  expect(entityRoute(composite('a'), 'policies')).toBe('entity/component/demo/a/policies');
  expect(entityRoute({ apiVersion: 'a/v1', kind: 'API', metadata: { name: 'X' } }, 'definition')).toBe('entity/api/default/X/definition');
});
