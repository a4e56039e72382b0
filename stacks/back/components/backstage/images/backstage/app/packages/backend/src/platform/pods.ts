// The pods of a thing: how each is, and the last lines that it wrote.
import { NotFoundError } from '@backstage/errors';
import type { PodLog, PodState } from '@backstack/common';
import { healthOf } from './health';
import { Kube } from './kube';
import { Reference } from './objects';
import { family } from './resources';
import { isPod, Pod } from './usage';

/** So many lines are shown: more is for tools that search. */
const LINES = 300;

type Counted = Pod & { status?: { containerStatuses?: { ready?: boolean; restartCount?: number }[] } };

/** Those that need somebody first, then the newest. */
export async function podsOf(kube: Kube, reference: Reference): Promise<PodState[]> {
  const pods = (await family(kube, reference)).filter(isPod).map(told);
  const rank = ({ health }: PodState) => ['Degraded', 'Progressing'].indexOf(health ?? '') + 1 || 3;
  return pods.sort((a, b) => rank(a) - rank(b) || (b.createdAt ?? '').localeCompare(a.createdAt ?? '') || a.name.localeCompare(b.name));
}

/** The last lines of a container of one of its pods; `isPrevious`: of the one that ended before. */
export async function logOf(kube: Kube, reference: Reference, name: string, container?: string, isPrevious = false): Promise<PodLog> {
  const pod = (await family(kube, reference)).filter(isPod).find(each => each.metadata.name === name);
  if (!pod) throw new NotFoundError(`${reference.kind} ${reference.name} has no pod ${name} any more`);
  const query = new URLSearchParams({ tailLines: String(LINES), timestamps: 'true' });
  if (container) query.set('container', container);
  if (isPrevious) query.set('previous', 'true');
  return { text: await kube.text(`/api/v1/namespaces/${pod.metadata.namespace}/pods/${encodeURIComponent(name)}/log?${query}`) };
}

function told(pod: Counted): PodState {
  const states = pod.status?.containerStatuses ?? [];
  return {
    name: pod.metadata.name,
    ...healthOf(pod),
    phase: pod.status?.phase ?? 'Unknown',
    ready: states.filter(each => each.ready).length,
    containers: (pod.spec?.containers ?? []).flatMap(each => each.name ?? []),
    restarts: states.reduce((sum, each) => sum + (each.restartCount ?? 0), 0),
    createdAt: pod.metadata.creationTimestamp,
  };
}
