// The platform's Git server: reads a file, opens a pull request. Acts as the bot whose token the configuration names.
import { createHash } from 'node:crypto';
import { Config } from '@backstage/config';
import { assertError, ConflictError, isError, toError } from '@backstage/errors';
import type { Commit, PullRequest } from '@backstack/common';
import { commitMessage, letter, orderedFor, personOf, Rule } from './letter';

export type GitFile = { content: string; sha: string };
/** What a pull request changes; files that exist carry the `sha` they had when they were read. Without content, one goes. */
export type Change = { path: string; content?: string; sha?: string };

/** A pull request as the server tells it. */
export type Answer = {
  number: number;
  title: string;
  body?: string;
  state?: 'open' | 'closed';
  mergeable?: boolean;
  merged?: boolean;
  updated_at?: string;
  /** `label` is the branch's name also when the branch is gone; `ref` is another one then. */
  head?: { label?: string; ref?: string; sha?: string };
  user?: { login: string };
  merged_by?: { login: string } | null;
};

/** What somebody said of a pull request, or was asked to (`REQUEST_REVIEW`): a person, or a team. */
export type Review = {
  state: string;
  official?: boolean;
  stale?: boolean;
  dismissed?: boolean;
  user?: { login: string } | null;
  team?: { name: string } | null;
};

/** What a program said of a commit. */
export type Check = { context: string; status: string; description?: string };

/** The check that asks for the approval of somebody other than who ordered: see component gitops. */
export const SECOND_PERSON = 'second person';

type CommitAnswer = { sha: string; commit: { message: string; author: { name: string; date: string } } };

/** Commits of a file that people choose from. */
const HISTORY = 15;

export class Gitea {
  /** Names of the files that pull requests change, by what they were read of. */
  private readonly changed = new Map<string, string[]>();

  private constructor(
    private readonly api: string,
    private readonly publicUrl: string,
    private readonly token: string,
    readonly repository: string,
    readonly branch: string,
    /** Where the portal is. */
    private readonly portalUrl: string,
    /** Teams that are asked to review what the portal proposes. */
    private readonly reviewers: string[],
  ) {}

  static fromConfig(config: Config): Gitea {
    const git = config.getConfig('backstack.git');
    return new Gitea(
      `${git.getString('url').replace(/\/$/, '')}/api/v1`,
      git.getString('publicUrl').replace(/\/$/, ''),
      git.getString('token'),
      git.getString('repository'),
      git.getOptionalString('branch') ?? 'main',
      (config.getOptionalString('app.baseUrl') ?? '').replace(/\/$/, ''),
      git.getOptionalStringArray('reviewers') ?? [],
    );
  }

  /** Another repository of the same server. */
  of(repository: string): Gitea {
    return new Gitea(this.api, this.publicUrl, this.token, repository, this.branch, this.portalUrl, this.reviewers);
  }

  /** Where a person sees a file. */
  fileUrl(path: string): string {
    return `${this.publicUrl}/${this.repository}/src/branch/${this.branch}/${path}`;
  }

  /** A file of the branch, or as it was at a commit; nothing if it is not there. */
  async file(path: string, commit = this.branch): Promise<GitFile | undefined> {
    const found = await this.get<{ content: string; sha: string }>(`contents/${encodePath(path)}?ref=${encodeURIComponent(commit)}`);
    if (!found) return undefined;
    return { content: Buffer.from(found.content, 'base64').toString('utf8'), sha: found.sha };
  }

  /** Where a program of somebody else's, with a token of theirs, finds a pull request. */
  pullRequestApi(number: number): string {
    return `${this.publicUrl}/api/v1/repos/${this.repository}/pulls/${number}`;
  }

  /** Where a person sees a pull request. */
  pullRequestUrl(number: number): string {
    // The server may know itself by another name than people do: the address is made here.
    return `${this.publicUrl}/${this.repository}/pulls/${number}`;
  }

  /** The pull requests in which something happened last, whatever became of them. */
  async latest(most = 50): Promise<Answer[]> {
    return (await this.get<Answer[]>(`pulls?state=all&sort=recentupdate&limit=${most}`)) ?? [];
  }

  /** A pull request as it is now. */
  async request(number: number): Promise<Answer | undefined> {
    return this.get<Answer>(`pulls/${number}`);
  }

  async reviews(number: number): Promise<Review[]> {
    return (await this.get<Review[]>(`pulls/${number}/reviews?limit=50`)) ?? [];
  }

  async checks(commit: string): Promise<Check[]> {
    return (await this.get<{ statuses?: Check[] | null }>(`commits/${commit}/status`))?.statuses ?? [];
  }

  /** What a pull request changes, line by line. */
  async difference(number: number): Promise<string> {
    const answer = await this.send('GET', `pulls/${number}.diff`);
    return answer.ok ? answer.text() : '';
  }

  /** Who may approve, as the rule for the branch has it. */
  async rule(): Promise<Rule> {
    const found = await this.get<{ status_check_contexts?: string[] | null }>(`branches/${encodePath(this.branch)}`);
    return { fourEyes: (found?.status_check_contexts ?? []).includes(SECOND_PERSON) };
  }

  /** Open pull requests whose branch starts with a prefix, newest first. */
  async pullRequests(prefix: string): Promise<PullRequest[]> {
    const found = await this.get<Answer[]>('pulls?state=open&sort=newest&limit=50');
    return (found ?? []).filter(each => each.head?.ref?.startsWith(prefix)).map(each => this.pullRequest(each));
  }

  /** The last commits that changed a file, newest first. */
  async history(path: string): Promise<Commit[]> {
    const query = `sha=${encodeURIComponent(this.branch)}&path=${encodeURIComponent(path)}&limit=${HISTORY}&stat=false&verification=false&files=false`;
    const found = await this.get<CommitAnswer[]>(`commits?${query}`);
    return (found ?? []).map(({ sha, commit }) => ({
      sha,
      title: commit.message.split('\n')[0],
      // A program that did it for a person is not who wanted it.
      author: orderedFor(commit.message)?.replace(/^.*\//, '') ?? commit.author.name,
      time: commit.author.date,
      url: `${this.publicUrl}/${this.repository}/commit/${sha}`,
    }));
  }

  /** Open pull requests that change a file, wherever they come from, newest first. */
  async openOn(path: string): Promise<PullRequest[]> {
    const open = (await this.get<Answer[]>('pulls?state=open&sort=newest&limit=50')) ?? [];
    const files = await Promise.all(open.map(each => this.changedFiles(each)));
    return open.filter((_, index) => files[index].includes(path)).map(each => this.pullRequest(each));
  }

  private async changedFiles({ number, head }: Answer): Promise<string[]> {
    const key = `${number} ${head?.sha ?? ''}`;
    const known = this.changed.get(key);
    if (known && head?.sha) return known;
    const found = (await this.get<{ filename: string }[]>(`pulls/${number}/files?limit=100`)) ?? [];
    const names = found.map(each => each.filename);
    if (this.changed.size > 500) this.changed.clear();
    this.changed.set(key, names);
    return names;
  }

  /**
   * Commits a change to a branch of its own under a prefix, and asks for a review of it. The branch's name comes from
   * what is changed: asked again, because the first answer was lost, this finds the same pull request. Where another one
   * changes the same file, this one is refused: whichever is merged second would undo the first, or conflict.
   */
  async propose(prefix: string, title: string, body: string, changes: Change[]): Promise<PullRequest> {
    const branch = `${prefix}${digest(changes)}`;
    const waiting = await this.waiting(branch);
    if (waiting) return waiting;
    for (const { path } of changes) {
      // Sent twice at the same moment, the other one's is this one.
      const other = (await this.openOn(path)).find(each => !each.branch.startsWith(branch));
      if (other) throw new ConflictError(`pull request ${other.number} (${other.title}) changes ${path} already: merge or close it first, ${other.url}`);
    }
    // A branch that is there without an open pull request was left by an attempt that broke off, or is done with.
    const there = await this.get(`branches/${encodePath(branch)}`);
    const head = there && (await this.isDone(branch)) ? `${branch}-${Date.now().toString(36)}` : branch;
    if (!there || head !== branch) {
      // Whom it is for, in a place that nobody edits afterwards.
      await this.commit(head, commitMessage(title, personOf(body)), changes).catch((error: unknown) => {
        assertError(error);
        // Sent twice at the same moment: the other one has made the branch.
        if (!/already exists/.test(error.message)) throw error;
      });
    }
    const text = personOf(body) ? letter({ body, prefix, portalUrl: this.portalUrl, rule: await this.rule() }) : body;
    try {
      const made = this.pullRequest(await this.post<Answer>('pulls', { base: this.branch, head, title, body: text }));
      await this.ask(made.number);
      return made;
    } catch (error) {
      const other = error instanceof ConflictError && (await this.waiting(head));
      if (other) return other;
      throw error;
    }
  }

  /** Asks for a review. Nobody's order fails because nobody could be asked: whoever may approve sees it all the same. */
  private async ask(number: number) {
    if (this.reviewers.length === 0) return;
    await this.post(`pulls/${number}/requested_reviewers`, { team_reviewers: this.reviewers }).catch(() => undefined);
  }

  private async commit(branch: string, message: string, changes: Change[]) {
    const files = changes.map(({ path, sha, content }) => ({
      operation: content === undefined ? 'delete' : sha ? 'update' : 'create',
      path,
      sha,
      content: content === undefined ? undefined : Buffer.from(content, 'utf8').toString('base64'),
    }));
    await this.post('contents', { branch: this.branch, new_branch: branch, message, files });
  }

  /** The open pull request of a branch. */
  private async waiting(branch: string): Promise<PullRequest | undefined> {
    return (await this.pullRequests(branch)).find(each => each.branch === branch);
  }

  /** Whether a branch had a pull request that was merged or closed. */
  private async isDone(branch: string): Promise<boolean> {
    const found = await this.get<Answer[]>('pulls?state=closed&sort=recentupdate&limit=50');
    return (found ?? []).some(each => each.head?.ref === branch);
  }

  private pullRequest(answer: Answer): PullRequest {
    return { number: answer.number, title: answer.title, url: this.pullRequestUrl(answer.number), branch: answer.head?.ref ?? '' };
  }

  /** The answer to a GET; nothing where nothing is. */
  private async get<T>(route: string): Promise<T | undefined> {
    const answer = await this.send('GET', route);
    return answer.status === 404 ? undefined : read<T>(answer, `GET ${route}`);
  }

  private async post<T>(route: string, body: unknown): Promise<T> {
    return read<T>(await this.send('POST', route, JSON.stringify(body)), `POST ${route}`);
  }

  private async send(method: 'GET' | 'POST', route: string, body?: string): Promise<Response> {
    return fetch(`${this.api}/repos/${this.repository}/${route}`, {
      method,
      headers: { authorization: `token ${this.token}`, 'content-type': 'application/json', accept: 'application/json' },
      body,
      // A busy machine takes its time to write, and nobody is helped by a change that is made after it was given up.
      signal: AbortSignal.timeout(method === 'GET' ? 20_000 : 60_000),
    }).catch((error: unknown) => {
      const { message, cause } = toError(error);
      throw new Error(`the Git server does not answer: ${isError(cause) ? cause.message : message}`);
    });
  }
}

async function read<T>(answer: Response, call: string): Promise<T> {
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as T;
  const reason = message(text);
  if (answer.status === 409 || answer.status === 422) throw new ConflictError(`Git refused the change: ${reason}`);
  throw new Error(`the Git server answered ${answer.status} to ${call.split('?')[0]}: ${reason}`);
}

/** A short name for a set of changes. */
function digest(changes: Change[]): string {
  return createHash('sha256').update(JSON.stringify(changes)).digest('hex').slice(0, 10);
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function message(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 300);
  }
}
