// What on the platform needs somebody's attention, for the home page.
import { applications } from './delivery';
import { Kube } from './kube';
import { KubeEvent, KubeObject, Xrd } from './objects';
import { isEstablished } from './templates';

export type Concern = { title: string; reason: string; url?: string };

/** Applications that are not in sync or not healthy, and composite APIs that are not served. */
export async function concerns(kube: Kube, argoUrl?: string): Promise<Concern[]> {
  const [all, xrds, events] = await Promise.all([
    applications(kube, argoUrl),
    kube.list<Xrd>('/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions'),
    kube.list<KubeEvent>(`/api/v1/events?fieldSelector=${encodeURIComponent('type=Warning,involvedObject.kind=CompositeResourceDefinition')}`),
  ]);
  const troubled = all.filter(({ delivery }) => delivery.health === 'Degraded' || delivery.health === 'Missing' || isStuck(delivery));
  return [
    ...troubled.map(({ delivery }) => ({
      title: `Application ${delivery.name} is ${delivery.sync === 'Synced' ? delivery.health : delivery.sync}`,
      reason: delivery.message ?? 'Argo CD gives no reason.',
      url: delivery.url,
    })),
    ...xrds.filter(xrd => !isEstablished(xrd) && (isOld(xrd) || warning(xrd, events))).map(xrd => ({
      title: `The API ${xrd.metadata.name} is not served`,
      reason: condition(xrd, 'Established') ?? warning(xrd, events) ?? 'Crossplane has not answered yet.',
    })),
  ];
}

/** Being out of sync is usual for a moment; with a message it will not end by itself. */
function isStuck(delivery: { sync: string; message?: string }): boolean {
  return delivery.sync !== 'Synced' && delivery.message !== undefined;
}

function isOld(object: KubeObject): boolean {
  return Date.now() - Date.parse(object.metadata.creationTimestamp ?? '') > 60_000;
}

/** What Crossplane last said of a definition that it cannot serve: it has no condition for that. */
function warning(object: KubeObject, events: KubeEvent[]): string | undefined {
  const time = (event: KubeEvent) => event.lastTimestamp ?? event.eventTime ?? '';
  const about = events.filter(event => event.involvedObject?.name === object.metadata.name);
  about.sort((a, b) => time(b).localeCompare(time(a)));
  return about[0]?.message;
}

function condition(object: Xrd, type: string): string | undefined {
  return object.status?.conditions?.find(each => each.type === type)?.message;
}
