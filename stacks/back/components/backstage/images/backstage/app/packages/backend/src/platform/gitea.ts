// The platform's Git server: reads a file, opens a pull request. Acts as the bot whose token the configuration names.
import { createHash } from 'node:crypto';
import { Config } from '@backstage/config';
import { assertError, ConflictError, isError, toError } from '@backstage/errors';
import { letter, personOf, Rule } from './letter';

export type GitFile = { content: string; sha: string };
export type PullRequest = { number: number; title: string; url: string; branch: string };

/** What a pull request changes; files that exist carry the `sha` they had when they were read. */
export type Change = { path: string; content: string; sha?: string };

/** A pull request as the server tells it. */
export type Answer = {
  number: number;
  title: string;
  body?: string;
  state?: 'open' | 'closed';
  mergeable?: boolean;
  merged?: boolean;
  updated_at?: string;
  head?: { ref?: string; sha?: string };
  requested_reviewers?: { login: string }[] | null;
  requested_reviewers_teams?: { name: string }[] | null;
};

/** What somebody said of a pull request. */
export type Review = { state: string; official?: boolean; stale?: boolean; dismissed?: boolean; user?: { login: string } };

/** What a program said of a commit. */
export type Check = { context: string; status: string; description?: string };

/** The check that asks for the approval of somebody other than who ordered: see component gitops. */
export const SECOND_PERSON = 'second person';

export class Gitea {
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

  /** Where a person sees a file. */
  fileUrl(path: string): string {
    return `${this.publicUrl}/${this.repository}/src/branch/${this.branch}/${path}`;
  }

  /** A file of the branch; nothing if it is not there. */
  async file(path: string): Promise<GitFile | undefined> {
    const found = await this.get<{ content: string; sha: string }>(`contents/${encodePath(path)}?ref=${encodeURIComponent(this.branch)}`);
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
  async latest(): Promise<Answer[]> {
    return (await this.get<Answer[]>('pulls?state=all&sort=recentupdate&limit=50')) ?? [];
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

  /**
   * Commits a change to a branch of its own under a prefix, and asks for a review of it. The branch's name comes from
   * what is changed: asked again, because the first answer was lost, this finds the same pull request.
   */
  async propose(prefix: string, title: string, body: string, changes: Change[]): Promise<PullRequest> {
    const branch = `${prefix}${digest(changes)}`;
    const waiting = await this.waiting(branch);
    if (waiting) return waiting;
    // A branch that is there without an open pull request was left by an attempt that broke off, or is done with.
    const there = await this.get(`branches/${encodePath(branch)}`);
    const head = there && (await this.isDone(branch)) ? `${branch}-${Date.now().toString(36)}` : branch;
    if (!there || head !== branch) {
      const person = personOf(body);
      // Whom it is for, in a place that nobody edits afterwards: component gitops reads it.
      await this.commit(head, person ? `${title}\n\nOrdered-for: ${person}` : title, changes).catch((error: unknown) => {
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
    const files = changes.map(change => ({
      operation: change.sha ? 'update' : 'create',
      path: change.path,
      sha: change.sha,
      content: Buffer.from(change.content, 'utf8').toString('base64'),
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
