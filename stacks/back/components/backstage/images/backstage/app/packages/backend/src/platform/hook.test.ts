import { createHmac } from 'node:crypto';
import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hookRoute } from './hook';

let server: Server;
let told: number;
beforeEach(async () => {
  told = 0;
  server = createServer(express().use(hookRoute('secret', () => (told += 1)), hookRoute('', () => (told += 1))));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
});

const sign = (body: string, secret = 'secret') => createHmac('sha256', secret).update(body).digest('hex');
async function send(body: string, signature?: string) {
  const headers = { 'content-type': 'application/json', ...(signature === undefined ? {} : { 'x-gitea-signature': signature }) };
  return (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/git`, { method: 'POST', headers, body })).status;
}

test('what the Git server has signed is heard', async () => {
  expect(await send('{"action":"opened"}', sign('{"action":"opened"}'))).toBe(200);
  expect(told).toBe(1);
});

test.each([undefined, '', 'xyz', sign('{"other":1}'), sign('{}', 'guessed'), sign('{}', '')])('the signature %s is none', async signature => {
  expect(await send('{}', signature)).toBe(403);
  expect(told).toBe(0);
});
