import { afterEach, expect, test } from 'vitest';
import { ApiServer, list } from '../testing/apiServer';
import { KubeObject } from './objects';
import { usageOf, volumesOf, withDoors } from './usage';

const PLATFORM = 'https://localhost:8443';
let number = 0;
/** An object of the namespace demo that belongs to another. */
function object(apiVersion: string, kind: string, parts: object = {}, owner?: KubeObject): KubeObject {
  number += 1;
  const ownerReferences = owner && [{ uid: owner.metadata.uid! }];
  return { apiVersion, kind, metadata: { name: `n${number}`, namespace: 'demo', uid: `${number}`, ownerReferences }, ...parts } as KubeObject;
}
const template = (image: string, volumes: object[] = []) => ({ metadata: { labels: { app: 'shop' } }, spec: { containers: [{ image }], volumes } });
const pod = (owner: KubeObject, ready: boolean, image = 'a:1') =>
  object('v1', 'Pod', { spec: { containers: [{ image }] }, status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } }, owner);

test('a Deployment: the image that is wanted, and pods that are ready of those that are wanted', () => {
  const order = object('example.org/v1', 'App', { spec: { replicas: 9, crossplane: {} } });
  const deployment = object('apps/v1', 'Deployment', { spec: { replicas: 2, template: template('a:2') } }, order);
  const [old, now] = [0, 2].map(replicas => object('apps/v1', 'ReplicaSet', { spec: { replicas, template: template(`a:${replicas}`) } }, deployment));
  const objects = [order, deployment, old, now, pod(old, true), pod(now, false, 'a:2')];
  expect(usageOf(objects, PLATFORM)).toMatchObject({ images: ['a:2'], pods: { ready: 1, wanted: 2 } });
  // While one comes and another goes, there are more than are wanted.
  expect(usageOf([...objects, pod(now, true), pod(now, true)], PLATFORM).pods).toEqual({ ready: 2, wanted: 2 });
});

test('one pod a node; pods of jobs are not waited for', () => {
  const daemons = object('apps/v1', 'DaemonSet', { spec: { template: template('a:1') }, status: { desiredNumberScheduled: 3 } });
  expect(usageOf([daemons, pod(daemons, true)], PLATFORM).pods).toEqual({ ready: 1, wanted: 3 });
  const nightly = object('batch/v1', 'CronJob', { spec: { jobTemplate: { spec: { template: template('n:1') } } } });
  const job = object('batch/v1', 'Job', { spec: { template: template('n:0') } }, nightly);
  expect(usageOf([nightly, job, pod(job, false)], PLATFORM)).toMatchObject({ images: ['n:1'], pods: undefined, connection: undefined });
});

test('a database: what its order and its operator say of it, and the name of its Secret', () => {
  const order = object('example.org/v1', 'Database', { spec: { crossplane: {} }, status: { host: 'db-rw.demo.svc', port: 5432, secret: 'db-app' } });
  const spec = { instances: 2, bootstrap: { initdb: { database: 'orders', owner: 'ann' } } };
  const cluster = object('postgresql.example/v1', 'Cluster', { spec }, order);
  const objects = [order, cluster, pod(cluster, true, 'postgresql:18'), object('v1', 'PersistentVolumeClaim', {}, cluster)];
  expect(usageOf(objects, PLATFORM)).toEqual({
    open: [],
    inside: [],
    images: ['postgresql:18'],
    pods: { ready: 1, wanted: 2 },
    connection: { secret: 'db-app', host: 'db-rw.demo.svc', port: '5432', database: 'orders', user: 'ann' },
  });
  expect(volumesOf(objects)).toEqual([objects[3].metadata.name]);
});

test('the Secret of a provisioned service is named where the Service Binding specification says', () => {
  const queue = object('example.org/v1', 'Queue', { status: { binding: { name: 'queue-binding' } } });
  expect(usageOf([queue], PLATFORM).connection).toEqual({ secret: 'queue-binding' });
});

test('volumes that pods mount are counted, whoever made them', () => {
  const volumes = [{ persistentVolumeClaim: { claimName: 'disk' } }, { emptyDir: {} }];
  expect(volumesOf([object('apps/v1', 'StatefulSet', { spec: { template: template('a:1', volumes) } })])).toEqual(['disk']);
});

let api: ApiServer | undefined;
afterEach(() => api?.stop());

test('what was not ordered has its doors too: Services that select its pods, Ingresses that lead to those', async () => {
  const deployment = object('apps/v1', 'Deployment', { spec: { replicas: 1, template: template('a:1') } });
  const service = (name: string, selector?: object) => ({ metadata: { name, namespace: 'demo', uid: name }, spec: { selector, clusterIP: '10.0.0.1', ports: [{ port: 80 }] } });
  const ingress = (host: string, name: string) => ({ metadata: { name: host, uid: host }, spec: { rules: [{ host, http: { paths: [{ path: '/', backend: { service: { name } } }] } }] } });
  api = await ApiServer.start({
    '/api/v1/namespaces/demo/services': list(service('ours', { app: 'shop' }), service('theirs', { app: 'other' }), service('all', {}), service('none')),
    '/apis/networking.k8s.io/v1/namespaces/demo/ingresses': list(ingress('ours.localhost', 'ours'), ingress('theirs.localhost', 'theirs')),
  });
  expect(usageOf(await withDoors(api.kube, [deployment]), PLATFORM)).toMatchObject({ open: ['https://ours.localhost:8443'], inside: ['ours.demo.svc:80'] });
});
