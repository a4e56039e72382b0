// What the pages ask. Several questions may come in one request: a page of ten cards is one round trip then, and each card is
// told as soon as its own answer is there.
import { LoggerService } from '@backstage/backend-plugin-api';
import { InputError, NotFoundError, serializeError, toError } from '@backstage/errors';
import type { Told } from '@backstack/common';
import { Request, Response } from 'express';
import Router from 'express-promise-router';

/** A question: who asks is in the request, what is asked in the others. */
export type Asked = Pick<Request, 'params' | 'query'> & { request: Request };

type Answer = (asked: Asked) => unknown;

/** More than any page has cards. */
const MOST = 40;
/** What these say is said to whoever asks, and is no fault of the portal. */
const EXPECTED = ['InputError', 'NotAllowedError', 'NotFoundError', 'ConflictError', 'ServiceUnavailableError', 'AuthenticationError'];

export class Questions {
  readonly routes = Router();
  private readonly known: { parts: string[]; answer: Answer }[] = [];

  constructor(private readonly logger: Pick<LoggerService, 'error'>) {
    this.routes.get('/many', (request, response) => this.many(request, response));
  }

  /** A route with its answer; parts of its path that begin with a colon are parameters. */
  add(path: string, answer: Answer) {
    this.known.push({ parts: path.split('/').slice(1), answer });
    this.routes.get(path, async (request, response) => {
      response.json(await answer({ params: request.params, query: request.query, request }));
    });
  }

  /** A line for each question, in the order in which they can be answered. */
  private async many(request: Request, response: Response) {
    const wanted = [request.query.route ?? []].flat().filter(each => typeof each === 'string');
    if (wanted.length === 0 || wanted.length > MOST) throw new InputError(`expected between 1 and ${MOST} parameters \`route\``);
    response.type('application/x-ndjson');
    await Promise.all(wanted.map(async route => {
      response.write(`${JSON.stringify(await this.told(route, request))}\n`);
      // What compresses answers would wait for more.
      (response as { flush?: () => void }).flush?.();
    }));
    response.end();
  }

  private async told(route: string, request: Request): Promise<Told> {
    try {
      return { route, body: (await this.one(route, request)) ?? null };
    } catch (thrown) {
      const error = toError(thrown);
      if (!EXPECTED.includes(error.name)) this.logger.error(`${route} could not be answered`, error);
      return { route, error: serializeError(error) };
    }
  }

  private one(route: string, request: Request): unknown {
    const { pathname, searchParams } = new URL(route, 'http://portal/');
    const parts = pathname.split('/').slice(1).map(decodeURIComponent);
    const found = this.known.find(each => each.parts.length === parts.length && each.parts.every((part, index) => part.startsWith(':') || part === parts[index]));
    if (!found) throw new NotFoundError(`there is no route ${pathname}`);
    const params = Object.fromEntries(found.parts.flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), parts[index]]] : [])));
    return found.answer({ params, query: Object.fromEntries(searchParams), request });
  }
}
