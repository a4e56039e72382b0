import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { WatchEvent } from './kube';

let api: ApiServer;
beforeEach(async () => {
  api = await ApiServer.start({ '/api/v1': { resources: [{ name: 'pods/status', kind: 'Pod', namespaced: true }, { name: 'pods', kind: 'Pod', namespaced: true }, { name: 'nodes', kind: 'Node', namespaced: false }] } });
});
afterEach(() => api.stop());

test('an object is found by its kind; a kind that is known is not looked up again', async () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'demo' } };
  api.answers['/api/v1/namespaces/demo/pods/a'] = pod;
  const reference = { apiVersion: 'v1', kind: 'Pod', name: 'a', namespace: 'demo' };
  expect(await api.kube.object(reference)).toEqual(pod);
  await api.kube.object(reference);
  await api.kube.object({ apiVersion: 'v1', kind: 'Node', name: 'n' });
  expect(await api.kube.object({ ...reference, kind: 'Unknown' })).toBeUndefined();
  expect(api.asked).toEqual(['/api/v1', '/api/v1/namespaces/demo/pods/a', '/api/v1/namespaces/demo/pods/a', '/api/v1', '/api/v1/nodes/n', '/api/v1']);
});

test('what is not there or not to be seen is nothing; a fault of the server is a fault', async () => {
  Object.assign(api.answers, { '/api/v1/secrets': 403, '/api/v1/pods': 500 });
  expect(await api.kube.list('/api/v1/secrets')).toEqual([]);
  expect(await api.kube.list('/apis/nowhere/v1/things')).toEqual([]);
  await expect(api.kube.list('/api/v1/pods')).rejects.toThrow('the Kubernetes API answered 500 to /api/v1/pods: refused');
});

test('a watch tells line by line, until the server ends it', async () => {
  const event = (name: string): WatchEvent => ({ type: 'ADDED', object: { apiVersion: 'v1', kind: 'Pod', metadata: { name } } });
  api.answers['/api/v1/pods'] = list();
  const pods = api.kube.metadataOf('v1', 'Pod');
  expect((await pods.list())?.version).toBe('1');
  const told: string[] = [];
  const watch = pods.watch('1', new AbortController().signal, ({ object }) => told.push(object.metadata.name));
  await expect.poll(() => api.watches.has('/api/v1/pods')).toBe(true);
  api.tell('/api/v1/pods', event('a'));
  api.tell('/api/v1/pods', event('b'));
  api.end('/api/v1/pods');
  await watch;
  expect(told).toEqual(['a', 'b']);
});

test('a watch of a kind that is gone fails', async () => {
  const watch = api.kube.metadataOf('v1', 'Gone').watch('1', new AbortController().signal, () => undefined);
  await expect(watch).rejects.toThrow('the Kubernetes API does not know the kind any more');
});
