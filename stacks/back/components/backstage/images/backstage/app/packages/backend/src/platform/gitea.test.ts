import { afterEach, beforeEach, expect, test } from 'vitest';
import { GitServer, shaOf } from '../testing/gitServer';

let git: GitServer;
beforeEach(async () => {
  git = await GitServer.start();
});
afterEach(() => git.stop());

const PATH = 'demo/app/shop.yaml';
const PREFIX = 'portal/demo/app/shop/';
const propose = (content = 'a: 1\n') => git.gitea.propose(PREFIX, 'Add App shop', 'Ordered.', [{ path: PATH, content }]);

test('a file is read with its sha; what is not there is nothing', async () => {
  git.files.set('demo/app/straße.yaml', 'ä: 1\n');
  expect(await git.gitea.file('demo/app/straße.yaml')).toEqual({ content: 'ä: 1\n', sha: shaOf('ä: 1\n') });
  expect(await git.gitea.file(PATH)).toBeUndefined();
  expect(git.gitea.fileUrl(PATH)).toBe(`https://git.example/gitea/platform/demo-cluster/src/branch/main/${PATH}`);
});

test('a proposal is a branch of its own with a pull request, known by the address that people have', async () => {
  const request = await propose();
  expect(request).toMatchObject({ number: 1, title: 'Add App shop', url: 'https://git.example/gitea/platform/demo-cluster/pulls/1' });
  expect(request.branch.startsWith(PREFIX)).toBe(true);
  expect(git.pulls).toHaveLength(1);
  expect(git.proposed(git.pulls[0], PATH)).toBe('a: 1\n');
  expect(await git.gitea.pullRequests(PREFIX)).toEqual([request]);
  expect(await git.gitea.pullRequests('portal/demo/app/other/')).toEqual([]);
});

test('the same proposal made twice is one pull request', async () => {
  const both = await Promise.all([propose(), propose()]);
  expect(both[0]).toEqual(both[1]);
  expect(await propose()).toEqual(both[0]);
  expect(git.pulls).toHaveLength(1);
});

test('while a pull request changes a file, from wherever it comes, another one for it is refused', async () => {
  git.branches.set('by-hand', { new_branch: 'by-hand', message: 'x', files: [{ operation: 'create', path: PATH, content: '' }] });
  git.pulls.push({ number: 1, title: 'By hand', body: '', state: 'open', head: { ref: 'by-hand', sha: 's1' } });
  expect((await git.gitea.openOn(PATH)).map(each => each.title)).toEqual(['By hand']);
  await expect(propose()).rejects.toThrow(/pull request 1 \(By hand\) changes demo\/app\/shop.yaml already/);
  expect(await git.gitea.openOn('demo/app/other.yaml')).toEqual([]);
  // Its files are read again when it has changed.
  git.branches.get('by-hand')!.files[0].path = 'demo/app/other.yaml';
  git.pulls[0].head.sha = 's2';
  expect((await propose()).number).toBe(2);
});

test('a file is taken away by a proposal without content', async () => {
  git.files.set(PATH, 'a: 1\n');
  await git.gitea.propose(PREFIX, 'Remove App shop', '', [{ path: PATH, sha: shaOf('a: 1\n') }]);
  expect(git.operations(git.pulls[0])).toEqual([`delete ${PATH}`]);
});

test.each(['POST contents', 'POST pulls'])('an answer to %s that was lost does not make a second pull request', async call => {
  git.lost.add(call);
  await expect(propose()).rejects.toThrow(/the Git server does not answer/);
  await propose();
  expect(git.pulls).toHaveLength(1);
});

test('what was merged or closed once may be proposed anew', async () => {
  const first = await propose();
  git.pulls[0].state = 'closed';
  const second = await propose();
  expect(second.number).toBe(2);
  expect(second.branch).not.toBe(first.branch);
});

test('a refusal says why', async () => {
  git.files.set(PATH, 'a: 1\n');
  const changes = [{ path: PATH, content: 'a: 2\n', sha: 'of-yesterday' }];
  await expect(git.gitea.propose(PREFIX, 'Change', '', changes)).rejects.toThrow(`Git refused the change: sha of ${PATH} does not match`);
  expect(git.pulls).toEqual([]);
});
