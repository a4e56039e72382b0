import { JsonObject } from '@backstage/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GitServer } from '../testing/gitServer';
import { Log } from '../testing/log';
import { orderAction } from './scaffolderModule';

let git: GitServer;
beforeEach(async () => {
  git = await GitServer.start();
});
afterEach(() => git.stop());

const PATH = 'demo/app/shop.yaml';
const ORDER = { apiVersion: 'example.org/v1', kind: 'App', name: 'shop', namespace: 'demo', composition: '', owner: '', spec: { image: 'a', host: '' } };

async function order(input: object = ORDER, ctx: object = { user: { ref: 'user:default/ann' } }): Promise<JsonObject> {
  const action = orderAction(git.gitea);
  const found: JsonObject = {};
  const output = (name: string, value: string | number) => {
    found[name] = value;
  };
  await action.handler({ input, output, logger: new Log(), ...ctx } as unknown as Parameters<typeof action.handler>[0]);
  return found;
}

test('an order is a pull request with one new file, in the name of who ordered', async () => {
  expect(await order()).toEqual({ url: 'https://git.example/gitea/platform/demo-cluster/pulls/1', number: 1, path: PATH });
  expect(git.pulls[0].title).toBe('Add App shop to demo');
  expect(git.pulls[0].body).toContain('Ordered in the portal by `user:default/ann`: one App, as `demo/app/shop.yaml` says.');
  expect(git.proposed(git.pulls[0], PATH)).toBe(
    'apiVersion: example.org/v1\nkind: App\nmetadata:\n  name: shop\n  namespace: demo\nspec:\n  image: a\n',
  );
});

test('what exists is not ordered once more', async () => {
  git.files.set(PATH, 'kind: App\n');
  const refused: unknown = await order().catch((error: unknown) => error);
  expect(refused).toMatchObject({ message: 'App shop exists already: change it on its own page, or choose another name', stack: '' });
  expect(git.pulls).toEqual([]);
});

test('whose it is, is said in the manifest', async () => {
  await order({ ...ORDER, owner: 'group:default/red' });
  expect(git.proposed(git.pulls[0], PATH)).toContain('  namespace: demo\n  annotations:\n    terasky.backstage.io/owner: group:default/red\nspec:');
});

test('without fields, the defaults of the API hold', async () => {
  await order({ ...ORDER, spec: undefined });
  expect(git.proposed(git.pulls[0], PATH)).toContain('spec: {}\n');
});

test('a dry run changes nothing', async () => {
  expect(await order(ORDER, { isDryRun: true })).toEqual({});
  expect(git.pulls).toEqual([]);
  expect(git.branches.size).toBe(0);
});
