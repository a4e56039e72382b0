import { afterEach, beforeEach, expect, test } from 'vitest';
import { Database } from '../testing/database';
import { GitServer } from '../testing/gitServer';
import { Book } from './book';
import { PullNews } from './pullNews';

let git: GitServer;
let database: Database;
let book: Book;
let news: PullNews;
beforeEach(async () => {
  [git, database] = [await GitServer.start(), new Database()];
  book = await Book.open(database);
  news = new PullNews(git.gitea, ['reviewers'], book);
});
afterEach(() => Promise.all([git.stop(), database.stop()]));

const propose = (title = 'Add App shop to demo', name = 'shop') =>
  git.gitea.propose(`portal/demo/app/${name}/`, title, 'Ordered in the portal by `user:default/ann`: one App.', [{ path: `demo/app/${name}.yaml`, content: title }]);

function merge(number: number, login: string) {
  Object.assign(git.pulls[number - 1], { state: 'closed', merged: true, merged_by: { login }, updated_at: new Date(Date.now() + number).toISOString() });
}

test('who is asked for a review hears of it, and its author does not', async () => {
  await propose();
  const [notice, ...others] = await news.look();
  expect(others).toEqual([]);
  expect(notice).toMatchObject({
    key: 'review platform/demo-cluster 1',
    to: ['group:default/reviewers'],
    except: 'user:default/ann',
    title: 'Review asked: Add App shop to demo',
    link: 'https://git.example/gitea/platform/demo-cluster/pulls/1',
    topic: 'review',
  });
});

test('a person who is named is asked alone', async () => {
  await propose();
  git.reviews.set(1, [{ state: 'REQUEST_REVIEW', user: { login: 'bob' } }]);
  expect((await news.look())[0].to).toEqual(['user:default/bob']);
});

test('where nothing has happened, nothing is asked and nothing told', async () => {
  expect(await news.look()).toEqual([]);
  await propose();
  const [{ key }] = await news.look();
  await book.claim(key);
  expect(await news.look()).toEqual([]);
  await propose('Add App other to demo', 'other');
  expect((await news.look()).map(each => each.key)).toEqual(['review platform/demo-cluster 2']);
});

test('an author hears that somebody merged it, and the page that comes of it', async () => {
  await propose();
  merge(1, 'bob');
  const [notice] = await news.look();
  expect(notice).toMatchObject({ to: ['user:default/ann'], link: '/catalog/demo/component/shop', text: 'bob merged it; the platform now does what it says.', ordered: 'component:demo/shop' });
  expect(news.authorFor('demo/app/shop.yaml')).toBe('user:default/ann');
  expect(news.authorFor('demo/app/other.yaml')).toBeUndefined();
});

test('what is deleted has no page; who merges their own hears that it is through', async () => {
  await propose('Delete App shop in demo');
  merge(1, 'ann');
  expect((await news.look())[0]).toMatchObject({ to: ['user:default/ann'], severity: 'low', text: 'You merged it; the platform now does what it says.', link: 'https://git.example/gitea/platform/demo-cluster/pulls/1', ordered: undefined });
});

test('what is long past is not told', async () => {
  await propose();
  merge(1, 'bob');
  git.pulls[0].updated_at = '2020-01-01T00:00:00Z';
  expect(await news.look()).toEqual([]);
});
