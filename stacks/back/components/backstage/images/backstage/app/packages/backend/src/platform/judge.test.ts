import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Judge, typed } from './judge';

type Sent = { headers: IncomingMessage['headers']; body: { params: { name: string; arguments: unknown } } };

let server: Server;
let sent: Sent[];
let answer: { status: number; body: unknown };
const fine = { subject: 'App:demo/shop', verdict: 'healthy', causes: [] };

beforeEach(async () => {
  [sent, answer] = [[], { status: 200, body: { result: { structuredContent: fine } } }];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      sent.push({ headers: request.headers, body: JSON.parse(text) as Sent['body'] });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  vi.useRealTimers();
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
});

const judge = () => new Judge(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, 'secret');

test('the judge is asked as assistants ask it, with the portal\'s token', async () => {
  expect(await judge().diagnosis('App:demo/shop')).toEqual(fine);
  expect(sent[0].headers.authorization).toBe('Bearer secret');
  expect(sent[0].body.params).toMatchObject({ name: 'diagnose', arguments: { entity: 'App:demo/shop' } });
});

test('whoever looks at the same page gets one answer, until it is old', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
  const one = judge();
  await Promise.all([one.diagnosis(), one.diagnosis(), one.diagnosis('App:demo/shop')]);
  expect(sent.length).toBe(2);
  vi.setSystemTime(1_005_000);
  await one.diagnosis();
  expect(sent.length).toBe(3);
});

test('a judge that is away is said to be, and asked again', async () => {
  const one = judge();
  answer = { status: 502, body: {} };
  await expect(one.diagnosis()).rejects.toThrow('does not answer (502)');
  answer = { status: 200, body: { error: { code: -32603, message: 'no cluster' } } };
  await expect(one.diagnosis()).rejects.toThrow('cannot tell: no cluster');
  answer = { status: 200, body: { result: { structuredContent: fine } } };
  expect(await one.diagnosis()).toEqual(fine);
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  await expect(one.diagnosis('other')).rejects.toThrow('does not answer');
});

test('what the judge does not find, it says in its own words', async () => {
  answer = { status: 200, body: { result: { isError: true, content: [{ text: 'nothing is called `x`' }] } } };
  await expect(judge().diagnosis('x')).rejects.toMatchObject({ name: 'NotFoundError', message: 'nothing is called `x`' });
});

test('things are named as people name them', () => {
  expect(typed({ kind: 'App', namespace: 'demo', name: 'a' })).toBe('App:demo/a');
  expect(typed({ kind: 'Node', name: 'n' })).toBe('Node:n');
});
