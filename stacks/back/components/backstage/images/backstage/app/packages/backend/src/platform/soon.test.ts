import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Soon } from './soon';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('what is often asked for is done once', async () => {
  const work = vi.fn(() => Promise.resolve(undefined));
  const soon = new Soon(1000, work);
  soon.ask();
  await vi.advanceTimersByTimeAsync(900);
  soon.ask();
  await vi.advanceTimersByTimeAsync(100);
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(5000);
  expect(work).toHaveBeenCalledTimes(1);
});

test('it is never done twice at a time: what is asked for meanwhile is done afterwards', async () => {
  let running = 0;
  let most = 0;
  const work = vi.fn(async () => {
    most = Math.max(most, ++running);
    await new Promise(resolve => setTimeout(resolve, 2500));
    running -= 1;
    return undefined;
  });
  const soon = new Soon(1000, work);
  soon.ask();
  await vi.advanceTimersByTimeAsync(1500);
  soon.ask();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).toHaveBeenCalledTimes(2);
  expect(most).toBe(1);
});

test('work that wants to go on is called again after its own time, until it is stopped', async () => {
  const work = vi.fn(() => Promise.resolve(3000));
  const soon = new Soon(1000, work);
  soon.ask();
  await vi.advanceTimersByTimeAsync(3999);
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(work).toHaveBeenCalledTimes(2);
  soon.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).toHaveBeenCalledTimes(2);
});

test('what waits for its turn comes sooner when it is asked to, and not later', async () => {
  const work = vi.fn(() => Promise.resolve(undefined));
  const soon = new Soon(1000, work);
  soon.ask(60_000);
  soon.ask(2000);
  soon.ask(5000);
  await vi.advanceTimersByTimeAsync(2000);
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(work).toHaveBeenCalledTimes(1);
});
