import { expect, test } from 'vitest';
import { healthOf } from './health';
import { KubeObject } from './objects';
import { treeOf } from './tree';

const made = (kind: string, uid: string, owner?: string, over: object = {}): KubeObject => ({
  apiVersion: 'v1', kind, metadata: { name: uid, namespace: 'demo', uid, generation: 1, ...(owner ? { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: owner, uid: owner }] } : {}) }, ...over,
});
const health = (kind: string, over: object) => healthOf(made(kind, 'a', undefined, over));

test('each object stands below what made it, and what is over is left out', () => {
  const objects = [
    made('App', 'app'), made('Deployment', 'dep', 'app'), made('ReplicaSet', 'old', 'dep', { spec: { replicas: 0 } }), made('ReplicaSet', 'new', 'dep', { spec: { replicas: 1 } }),
    made('Pod', 'pod', 'new'), made('Service', 'alone', 'stranger'),
  ];
  const words = (node: ReturnType<typeof treeOf>): unknown => node && [node.name, ...node.children.map(words)];
  expect(words(treeOf(objects))).toEqual(['app', ['dep', ['new', ['pod']]], ['alone']]);
  expect(treeOf([])).toBeUndefined();
});

test('a ring of owners is no way without an end', () => {
  expect(treeOf([made('App', 'app', 'pod'), made('Pod', 'pod', 'app')])).toMatchObject({ name: 'app', children: [{ name: 'pod', children: [] }] });
});

test.each([
  ['Pod', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }, 'Healthy'],
  ['Pod', { status: { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] } }, 'Progressing'],
  ['Pod', { status: { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } }] } }, 'Degraded'],
  ['Pod', { status: { phase: 'Failed' } }, 'Degraded'],
  ['Pod', { status: { phase: 'Succeeded' } }, 'Healthy'],
  ['Deployment', { spec: { replicas: 2 }, status: { observedGeneration: 1, readyReplicas: 2, updatedReplicas: 2 } }, 'Healthy'],
  ['Deployment', { spec: { replicas: 2 }, status: { observedGeneration: 0, readyReplicas: 2, updatedReplicas: 2 } }, 'Progressing'],
  ['Deployment', { spec: { replicas: 2 }, status: { observedGeneration: 1, readyReplicas: 2, updatedReplicas: 1 } }, 'Progressing'],
  ['Deployment', { status: { conditions: [{ type: 'Progressing', status: 'False', message: 'too late' }] } }, 'Degraded'],
  ['DaemonSet', { status: { observedGeneration: 1, desiredNumberScheduled: 2, numberReady: 2 } }, 'Healthy'],
  ['PersistentVolumeClaim', { status: { phase: 'Pending' } }, 'Progressing'],
  ['App', { status: { conditions: [{ type: 'Synced', status: 'False', message: 'no' }, { type: 'Ready', status: 'True' }] } }, 'Degraded'],
  ['App', { status: { conditions: [{ type: 'Ready', status: 'False' }] } }, 'Progressing'],
  ['Job', { status: { conditions: [{ type: 'Complete', status: 'True' }] } }, 'Healthy'],
  ['Service', {}, undefined],
])('a %s as %j is %s', (kind, over, expected) => {
  expect(health(kind, over).health).toBe(expected);
});

test('why a pod waits is told', () => {
  const status = { containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } }] };
  expect(health('Pod', { status }).message).toBe('ImagePullBackOff: no such image');
});
