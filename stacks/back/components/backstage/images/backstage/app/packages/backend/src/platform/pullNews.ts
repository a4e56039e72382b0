// What is new with pull requests: reviews that are asked for, and what was merged.
import { Book } from './book';
import { Answer, Gitea } from './gitea';
import { subjectOf } from './letter';
import { authorOf, merged, Notice, reviewAsked } from './notices';

/** What nothing happened to for so long is not told any more. */
const FRESH_MS = 86_400_000;

export class PullNews {
  private last = '';
  private before: Answer[] = [];

  /** `reviewers`: groups that are asked where nobody was named. */
  constructor(private readonly gitea: Gitea, private readonly reviewers: string[], private readonly book: Book) {}

  /** What is to be told now. Nothing is asked further where nothing has happened since the last look. */
  async look(): Promise<Notice[]> {
    const [newest] = await this.gitea.latest(1);
    const now = newest ? `${newest.number} ${newest.updated_at} ${newest.state}` : '';
    if (now === this.last) return [];
    this.before = (await this.gitea.latest()).filter(isFresh);
    const told = (await Promise.all(this.before.map(each => this.newsOf(each)))).filter(each => each !== undefined);
    this.last = now;
    return told;
  }

  /** For whom the last pull request about a file was opened. */
  authorFor(path: string): string | undefined {
    const found = this.before.find(({ head }) => subjectOf(head?.label ?? head?.ref)?.path === path);
    return found && authorOf(found);
  }

  private async newsOf(request: Answer): Promise<Notice | undefined> {
    const link = this.gitea.pullRequestUrl(request.number);
    if (request.merged) return merged(this.gitea.repository, request, link);
    if (request.state !== 'open' || !(await this.book.isNew(`review ${this.gitea.repository} ${request.number}`))) return undefined;
    const asked = (await this.gitea.reviews(request.number)).filter(each => each.state === 'REQUEST_REVIEW');
    const named = asked.map(({ user, team }) => (team ? `group:default/${team.name}` : user && `user:default/${user.login}`));
    const to = named.filter(each => typeof each === 'string');
    return reviewAsked(this.gitea.repository, request, to.length > 0 ? to : this.reviewers.map(each => `group:default/${each}`), link);
  }
}

function isFresh({ updated_at }: Answer): boolean {
  return Date.now() - Date.parse(updated_at ?? '') < FRESH_MS;
}
