// Asks the back end of the portal's own pages. What the parts of a page ask at the same moment goes in one request, and each is
// told as soon as its own answer is there.
import { isError } from '@backstage/errors';
import type { Told } from '@backstack/common';

/** Milliseconds in which parts of a page ask together. */
const MOMENT = 30;

/** Asks for what is below the back end's address. */
type Fetch = (route: string) => Promise<Response>;
type Waiting = { promise: Promise<unknown>; tell: (value: unknown) => void; fail: (error: Error) => void };

export class Asker {
  private waiting = new Map<string, Waiting>();

  constructor(private readonly fetch: Fetch) {}

  /** What a route answers; whoever asks the same at the same moment gets the same. */
  ask(route: string): Promise<unknown> {
    const known = this.waiting.get(route);
    if (known) return known.promise;
    if (this.waiting.size === 0) setTimeout(() => void this.send(), MOMENT);
    const { promise, resolve, reject } = withResolvers<unknown>();
    this.waiting.set(route, { promise, tell: resolve, fail: reject });
    return promise;
  }

  private async send() {
    const asked = this.waiting;
    this.waiting = new Map();
    try {
      const [only, another] = asked.keys();
      if (another === undefined) asked.get(only)?.tell(await read(await this.fetch(only)));
      else await this.sendAll(asked);
    } catch (error) {
      // Those that were told before do not hear this any more.
      for (const each of asked.values()) each.fail(error as Error);
    }
  }

  private async sendAll(asked: Map<string, Waiting>) {
    const query = [...asked.keys()].map(route => `route=${encodeURIComponent(route)}`).join('&');
    const answer = await this.fetch(`many?${query}`);
    if (!answer.ok || !answer.body) throw await problemOf(answer);
    for await (const line of lines(answer.body)) {
      const told = JSON.parse(line) as Told;
      const who = asked.get(told.route.replace(/^\//, ''));
      if ('error' in told) who?.fail(named(told.error));
      else who?.tell(told.body);
    }
    throw new Error('the portal broke off before it had answered');
  }
}

/** The content of an answer; throws the server's own words where it refuses. */
export async function read(answer: Response): Promise<unknown> {
  if (!answer.ok) throw await problemOf(answer);
  return answer.json();
}

/** Why the portal refuses, in its own words where it has any. */
async function problemOf(answer: Response): Promise<Error> {
  const body = (await answer.json().catch(() => undefined)) as { error?: unknown } | undefined;
  return isError(body?.error) ? named(body.error) : new Error(`the portal answered ${answer.status}`);
}

/** By its name is told what would be the same if it was asked again. */
function named({ name, message }: { name: string; message: string }): Error {
  return Object.assign(new Error(message), { name });
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter(each => each !== '');
  }
}

/** `Promise.withResolvers`, which not every browser has. */
function withResolvers<T>() {
  let [resolve, reject]: [(value: T) => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<T>((one, other) => {
    [resolve, reject] = [one, other];
  });
  return { promise, resolve, reject };
}
