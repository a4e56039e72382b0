// How an object is, by the conventions of Kubernetes and Crossplane: the words are Argo CD's.
import type { Health } from '@backstack/common';
import { Condition, KubeObject } from './objects';

export type Told = { health?: Health; message?: string };

type Numbers = { replicas?: number; readyReplicas?: number; updatedReplicas?: number; observedGeneration?: number; desiredNumberScheduled?: number; numberReady?: number };
type Waiting = { state?: { waiting?: { reason?: string; message?: string } } };
type Observed = KubeObject & {
  spec?: { replicas?: number; suspend?: boolean };
  status?: Numbers & { phase?: string; message?: string; conditions?: Condition[]; containerStatuses?: Waiting[]; initContainerStatuses?: Waiting[] };
};

/** A container that waits for one of these is on its way; for anything else, somebody has to do something. */
const ON_THE_WAY = ['ContainerCreating', 'PodInitializing'];

/** Nothing for kinds that are neither well nor ill: ConfigMaps, Services. */
export function healthOf(given: KubeObject): Told {
  const object = given as Observed;
  const { kind, status = {} } = object;
  if (kind === 'Pod') return ofPod(object);
  if (kind === 'PersistentVolumeClaim') return { health: status.phase === 'Bound' ? 'Healthy' : status.phase === 'Lost' ? 'Degraded' : 'Progressing' };
  if (['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].includes(kind)) return ofWorkload(object);
  return byConditions(status.conditions ?? []);
}

function ofPod({ metadata, status = {} }: Observed): Told {
  if ('deletionTimestamp' in metadata) return { health: 'Progressing', message: 'is being taken away' };
  if (status.phase === 'Succeeded') return { health: 'Healthy' };
  const waiting = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap(each => each.state?.waiting ?? []);
  const stuck = waiting.find(({ reason = '' }) => reason && !ON_THE_WAY.includes(reason));
  if (stuck) return { health: 'Degraded', message: [stuck.reason, stuck.message].filter(Boolean).join(': ') };
  if (status.phase === 'Failed') return { health: 'Degraded', message: status.message };
  const isReady = is(status.conditions, 'Ready', 'True');
  return isReady ? { health: 'Healthy' } : { health: 'Progressing', message: status.conditions?.find(each => each.type === 'PodScheduled' && each.status === 'False')?.message };
}

function ofWorkload({ kind, metadata, spec = {}, status = {} }: Observed): Told {
  const late = status.conditions?.find(each => each.type === 'Progressing' && each.status === 'False');
  if (late) return { health: 'Degraded', message: late.message };
  const wanted = status.desiredNumberScheduled ?? spec.replicas ?? 1;
  const ready = status.numberReady ?? status.readyReplicas ?? 0;
  const isSeen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  // A ReplicaSet and a DaemonSet do not tell how many are new.
  const isNew = status.updatedReplicas === undefined || kind === 'DaemonSet' || status.updatedReplicas >= wanted;
  return isSeen && isNew && ready >= wanted ? { health: 'Healthy' } : { health: 'Progressing', message: `${ready} of ${wanted} ready` };
}

function byConditions(conditions: Condition[]): Told {
  const refused = conditions.find(each => each.type === 'Synced' && each.status === 'False');
  if (refused) return { health: 'Degraded', message: refused.message };
  const failed = conditions.find(each => each.type === 'Failed' && each.status === 'True');
  if (failed) return { health: 'Degraded', message: failed.message };
  if (is(conditions, 'Complete', 'True')) return { health: 'Healthy' };
  const ready = conditions.find(each => each.type === 'Ready');
  if (!ready) return {};
  return ready.status === 'True' ? { health: 'Healthy' } : { health: 'Progressing', message: ready.message };
}

function is(conditions: Condition[] | undefined, type: string, status: string): boolean {
  return (conditions ?? []).some(each => each.type === type && each.status === status);
}
