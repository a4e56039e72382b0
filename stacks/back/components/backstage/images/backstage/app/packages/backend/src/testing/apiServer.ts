// A Kubernetes API server that is played: over TLS, as Kube asks a real one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, Server } from 'node:https';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigReader } from '@backstage/config';
import { Kube, WatchEvent } from '../platform/kube';

const TOKEN = 'token-of-a-pod';

/** What the server answers: a value as JSON, or a status alone. Everything else is 404. */
export type Answers = Record<string, unknown>;

export class ApiServer {
  /** What was asked for, in order. */
  readonly asked: string[] = [];
  /** Changes that were sent. */
  readonly changes: { path: string; type?: string; body: unknown }[] = [];
  /** Watches that are open, by the path of their kind. */
  readonly watches = new Map<string, ServerResponse>();
  kube!: Kube;

  private constructor(readonly answers: Answers, private readonly folder: string, private readonly server: Server) {}

  static async start(answers: Answers = {}): Promise<ApiServer> {
    const folder = mkdtempSync(join(tmpdir(), 'portal-test-'));
    const [key, ca, token] = ['key.pem', 'ca.pem', 'token'].map(name => join(folder, name));
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2', '-nodes'];
    const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync('openssl', [...kind, ...subject, '-keyout', key, '-out', ca], { stdio: 'ignore' });
    writeFileSync(token, `${TOKEN}\n`);
    const server = createServer({ key: readFileSync(key), cert: readFileSync(ca) });
    const api = new ApiServer(answers, folder, server);
    server.on('request', (request, answer) => api.answer(request, answer));
    await new Promise<void>(resolve => server.listen(0, 'localhost', resolve));
    const { port } = server.address() as AddressInfo;
    const kubernetes = { url: `https://localhost:${port}`, caFile: ca, tokenFile: token };
    api.kube = await Kube.fromConfig(new ConfigReader({ backstack: { kubernetes } }));
    return api;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
    rmSync(this.folder, { recursive: true });
  }

  /** Sends an event to whoever watches a kind. */
  tell(path: string, event: WatchEvent) {
    this.watches.get(path)?.write(`${JSON.stringify(event)}\n`);
  }

  /** The server ends a watch, as it does after its time. */
  end(path: string) {
    this.watches.get(path)?.end();
    this.watches.delete(path);
  }

  private answer(request: IncomingMessage, answer: ServerResponse) {
    const url = request.url ?? '';
    this.asked.push(url);
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return answer.writeHead(401).end();
    if (url.includes('watch=1')) {
      this.watches.set(url.split('?')[0], answer.writeHead(200));
      return answer.flushHeaders();
    }
    if (request.method === 'PATCH') return this.change(request, answer);
    const found = this.answers[url];
    if (typeof found === 'string') return answer.writeHead(200).end(found);
    if (typeof found === 'number') return answer.writeHead(found).end('refused');
    return answer.writeHead(found === undefined ? 404 : 200).end(JSON.stringify(found ?? {}));
  }

  private change(request: IncomingMessage, answer: ServerResponse) {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      this.changes.push({ path: request.url ?? '', type: request.headers['content-type'], body: JSON.parse(text) });
      answer.writeHead(200).end('{}');
    });
    return answer;
  }
}

/** A list as the API answers it. */
export function list<T>(...items: T[]): { items: T[]; metadata: { resourceVersion: string } } {
  return { items, metadata: { resourceVersion: '1' } };
}
