import { expect, test } from 'vitest';
import { effectsOf, findingsOf } from './findings';
import { Tried } from './judge';

const object = { spec: { image: 'nginx', env: [{ name: 'A', value: 'b' }] } };
const tried = (over: Partial<Tried>): Tried => ({ object: 'App demo/shop', accepted: true, ...over });

test('a policy that warns is told at the field that it names, and refuses nothing', () => {
  const warning = 'Policy no-nginx failed: The image nginx is not allowed. To comply, set spec.image to another one with spec.port 5678.';
  expect(findingsOf({ dry_run: [tried({ warnings: [warning] })] }, object)).toEqual([
    { field: 'spec.image', policy: 'no-nginx', words: 'The image nginx is not allowed. To comply, set spec.image to another one with spec.port 5678.', refuses: false },
  ]);
});

test('what is refused comes first, without the words of the one that handed it on', () => {
  const refused = 'admission webhook "vpol.validate.kyverno.svc-fail" denied the request: Policy unique-hostnames failed: It is taken. To comply, set spec.hostname.';
  const found = findingsOf({ dry_run: [tried({ warnings: ['mind spec.env[0].name'] }), tried({ accepted: false, refused })] }, object);
  expect(found).toEqual([
    { field: 'spec.hostname', policy: 'unique-hostnames', words: 'It is taken. To comply, set spec.hostname.', refuses: true },
    { field: 'spec.env[0].name', policy: undefined, words: 'mind spec.env[0].name', refuses: false },
  ]);
  expect(findingsOf({ dry_run: [tried({ accepted: false })] }, object)).toMatchObject([{ words: expect.stringContaining('no reason') as string, refuses: true }]);
});

test('a field that does not fit is told from one that is not filled in', () => {
  const misfits = [{ path: 'spec.image', problem: 'is too short' }, { path: 'spec.hostname', problem: 'is required' }];
  expect(findingsOf({ misfits }, object)).toEqual([
    { field: 'spec.image', words: 'is too short', refuses: true, missing: false },
    { field: 'spec.hostname', words: 'is required', refuses: true, missing: true },
  ]);
});

test('a field of what is composed is none of the order', () => {
  const composed = { dry_run: [{ object: 'Deployment demo/shop', accepted: false, refused: 'spec.replicas is too high' }], refused: 'set spec.size' };
  expect(findingsOf({ composed }, object)).toEqual([
    { field: 'spec.size', policy: undefined, words: 'set spec.size', refuses: true },
    { field: undefined, policy: undefined, words: 'Deployment demo/shop: spec.replicas is too high', refuses: true },
  ]);
});

test('an image that is nowhere refuses at its field; one that nobody looked for only warns', () => {
  const image = (state: string) => findingsOf({ images: [{ image: 'nginx', state, detail: 'why' }] }, object);
  expect(image('missing')).toMatchObject([{ field: 'spec.image', refuses: true }]);
  expect(image('not checked')).toMatchObject([{ field: 'spec.image', refuses: false }]);
  expect(image('found')).toEqual([]);
});

test('what concerns all of it has no field, and what comes of it is told with what is lost first', () => {
  expect(findingsOf({ argo_cd: ['no'], also_open: [{ pull_request: 7, title: 'Change' }] }, object)).toEqual([
    { words: 'Argo CD: no', refuses: true },
    { words: 'Pull request 7 changes the same file: Change', refuses: false },
  ]);
  const resources = [{ object: 'Service demo/a', effect: 'create' }, { object: 'Job demo/b', effect: 'keep' }, { object: 'Pod demo/c', effect: 'delete' }];
  expect(effectsOf({ composed: { resources } })).toEqual(['deletes Pod demo/c', 'creates Service demo/a']);
});
