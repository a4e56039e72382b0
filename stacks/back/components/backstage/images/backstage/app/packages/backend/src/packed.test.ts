import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packed } from './packed';

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'packed-'));
  mkdirSync(path.join(folder, 'deep'));
  writeFileSync(path.join(folder, 'deep/main.js'), 'plain');
  writeFileSync(path.join(folder, 'deep/main.js.br'), brotliCompressSync('packed'));
  writeFileSync(path.join(folder, 'other.js'), 'plain');
  const app = express().use(packed(folder)).use('/static', express.static(folder, { setHeaders: response => void response.setHeader('Cache-Control', 'max-age=9') }));
  server = createServer(app);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const ask = (route: string, encoding?: string) => new Promise<IncomingMessage>(resolve => {
  get({ port: (server.address() as AddressInfo).port, path: route, headers: encoding ? { 'accept-encoding': encoding } : {} }, resolve);
});

test('a browser that can unpack gets the packed file, as what it is', async () => {
  const answer = await ask('/static/deep/main.js?x=1', 'gzip, deflate, br, zstd');
  expect(brotliDecompressSync(await buffer(answer)).toString()).toBe('packed');
  expect(answer.headers).toMatchObject({ 'content-encoding': 'br', 'content-type': 'text/javascript; charset=utf-8', vary: 'Accept-Encoding', 'cache-control': 'max-age=9' });
});

test.each([['/static/deep/main.js', 'gzip'], ['/static/deep/main.js', undefined], ['/static/other.js', 'br']])('%s is plain where %s is taken', async (route, encoding) => {
  const answer = await ask(route, encoding);
  expect(await text(answer)).toBe('plain');
  expect(answer.headers['content-encoding']).toBeUndefined();
});

test('a back end without a front end starts, too', () => {
  expect(() => packed(path.join(folder, 'none'))).not.toThrow();
});
