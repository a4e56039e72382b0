import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebPages } from './webPages';

let server: Server | undefined;
afterEach(() => new Promise<void>(resolve => (server ? server.close(() => resolve()) : resolve())));

async function pages(body: string, status = 200) {
  server = createServer((_, answer) => answer.writeHead(status, { connection: 'close' }).end(body));
  await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve));
  return new WebPages('https://x/argocd', `http://127.0.0.1:${(server.address() as AddressInfo).port}/argocd/`);
}

test('what has an application in it has pages', async () => {
  expect(await (await pages('<body><div id="app"></div></body>')).address()).toBe('https://x/argocd');
});

test.each([['<h1>Argo CD is running</h1>', 200], ['<div id="app">', 503]])('%s with %d has none', async (body, status) => {
  expect(await (await pages(body, status)).address()).toBeUndefined();
});

test('what does not answer has none', async () => {
  expect(await new WebPages('https://x/argocd', 'http://127.0.0.1:1/').address()).toBeUndefined();
});
