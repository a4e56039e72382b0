// A Gitea that is played, with one repository.
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import { ConfigReader } from '@backstage/config';
import { Answer, Check, Gitea, Review } from '../platform/gitea';

type Pull = Answer & { body: string; state: 'open' | 'closed'; head: { label?: string; ref: string; sha: string } };
type Commit = { new_branch: string; message: string; files: { operation: string; path: string; sha?: string; content?: string }[] };

const ROOT = '/api/v1/repos/platform/demo-cluster/';

export class GitServer {
  /** Files of the main branch. */
  readonly files = new Map<string, string>();
  readonly branches = new Map<string, Commit>();
  readonly pulls: Pull[] = [];
  /** What was said of pull requests, and of commits. */
  readonly reviews = new Map<number, Review[]>();
  readonly checks = new Map<string, Check[]>();
  /** What the rule for the branch asks for. */
  required = ['files'];
  /** Commits of the main branch, newest first: each with one file as it was then, or without what it took away. */
  readonly commits: { sha: string; message: string; path: string; content?: string }[] = [];
  /** Calls that are done, but whose answer is lost on the way: `POST pulls`. */
  readonly lost = new Set<string>();
  gitea!: Gitea;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<GitServer> {
    const server = createServer();
    const git = new GitServer(server);
    server.on('request', (request, answer) => void git.handle(request, answer));
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const config = {
      url: `http://127.0.0.1:${port}/`,
      publicUrl: 'https://git.example/gitea/',
      token: 'secret',
      repository: 'platform/demo-cluster',
      reviewers: ['reviewers'],
    };
    git.gitea = Gitea.fromConfig(new ConfigReader({ app: { baseUrl: 'https://portal.example' }, backstack: { git: config } }));
    return git;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  /** The text that a pull request would bring. */
  proposed(pull: Pull, path: string): string | undefined {
    const file = this.branches.get(pull.head.ref)?.files.find(each => each.path === path);
    return file?.content === undefined ? undefined : Buffer.from(file.content, 'base64').toString('utf8');
  }

  /** What a pull request does to files, as `delete demo/app/shop.yaml`. */
  operations(pull: Pull): string[] {
    return (this.branches.get(pull.head.ref)?.files ?? []).map(each => `${each.operation} ${each.path}`);
  }

  private async handle(request: IncomingMessage, answer: ServerResponse) {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString('utf8');
    const url = new URL(request.url ?? '', 'http://git');
    const route = decodeURIComponent(url.pathname.slice(ROOT.length));
    const allowed = request.headers.authorization === 'token secret' && url.pathname.startsWith(ROOT);
    const [status, body] = allowed ? this.answer(`${request.method} ${route}`, url.searchParams, text) : [401, { message: 'no' }];
    if (this.lost.delete(`${request.method} ${route}`)) request.socket.destroy();
    else answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  private answer(call: string, query: URLSearchParams, text: string): [number, unknown] {
    if (call === 'POST contents') return this.commit(JSON.parse(text) as Commit);
    if (call === 'POST pulls') return this.open(JSON.parse(text) as { head: string; title: string; body: string });
    if (call === 'GET pulls') {
      const state = query.get('state');
      return [200, this.pulls.filter(each => state === 'all' || each.state === state).reverse()];
    }
    if (call === 'GET commits') return [200, this.log(query.get('path') ?? '')];
    if (call === 'GET branches/main') return [200, { name: 'main', status_check_contexts: this.required }];
    const [, verb, number, about] = /^(GET|POST) pulls\/(\d+)\/(.*)$/.exec(call) ?? [];
    if (about === 'files') return [200, this.filesOf(this.pulls[Number(number) - 1])];
    if (about === 'reviews') return [200, this.reviews.get(Number(number)) ?? []];
    if (about === 'requested_reviewers' && verb === 'POST') return this.ask(Number(number), JSON.parse(text) as { team_reviewers: string[] });
    const [, one] = /^GET pulls\/(\d+)$/.exec(call) ?? [];
    if (one) return [200, this.pulls[Number(one) - 1]];
    const [, commit] = /^GET commits\/(.*)\/status$/.exec(call) ?? [];
    if (commit) return [200, { statuses: this.checks.get(commit) ?? null }];
    const [, what, name] = /^GET (contents|branches)\/(.*)$/.exec(call) ?? [];
    const found = what === 'contents' ? this.file(name, query.get('ref') ?? 'main') : this.branches.get(name) && { name };
    return found ? [200, found] : [404, { message: 'not found' }];
  }

  private ask(number: number, { team_reviewers }: { team_reviewers: string[] }): [number, unknown] {
    const asked = team_reviewers.map(name => ({ state: 'REQUEST_REVIEW', user: null, team: { name } }));
    this.reviews.set(number, [...(this.reviews.get(number) ?? []), ...asked]);
    return [201, []];
  }

  private log(path: string) {
    const found = this.commits.filter(each => each.path === path);
    return found.map(({ sha, message }) => ({ sha, commit: { message, author: { name: 'Ann', date: '2026-11-28T12:00:00Z' } } }));
  }

  private filesOf({ head }: Pull) {
    return (this.branches.get(head.ref)?.files ?? []).map(each => ({ filename: each.path }));
  }

  private file(path: string, ref: string) {
    const content = ref === 'main' ? this.files.get(path) : this.commits.find(each => each.sha === ref)?.content;
    return content && { content: Buffer.from(content, 'utf8').toString('base64'), sha: shaOf(content) };
  }

  private commit(commit: Commit): [number, unknown] {
    if (this.branches.has(commit.new_branch)) return [422, { message: `branch ${commit.new_branch} already exists` }];
    const stale = commit.files.find(each => each.sha !== undefined && each.sha !== shaOf(this.files.get(each.path) ?? ''));
    if (stale) return [422, { message: `sha of ${stale.path} does not match` }];
    this.branches.set(commit.new_branch, commit);
    return [201, {}];
  }

  private open({ head, title, body }: { head: string; title: string; body: string }): [number, unknown] {
    if (this.pulls.some(each => each.state === 'open' && each.head.ref === head)) {
      return [409, { message: 'pull request already exists' }];
    }
    const number = this.pulls.length + 1;
    const pull: Pull = { number, title, body, state: 'open', updated_at: new Date().toISOString(), head: { label: head, ref: head, sha: `commit-${number}` } };
    this.pulls.push(pull);
    return [201, pull];
  }
}

/** A text that differs where contents do. */
export function shaOf(content: string): string {
  return Buffer.from(content).toString('hex').slice(-40);
}
