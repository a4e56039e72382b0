// What Argo CD says about an entity. Read from its Application objects: no token of Argo CD is needed.
import type { Delivery } from '@backstack/common';
import { Kube } from './kube';
import { Application, ApplicationStatus, Reference } from './objects';

const APPLICATIONS = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';

export async function applications(kube: Kube, argoUrl?: string): Promise<{ delivery: Delivery; application: Application }[]> {
  const found = await kube.list<Application>(APPLICATIONS);
  return found.map(application => ({ delivery: summary(application, argoUrl), application }));
}

/** The Application that brings an object into the cluster; nothing if none does. */
export async function deliveryOf(kube: Kube, argoUrl: string | undefined, reference: Reference): Promise<Delivery | undefined> {
  const group = reference.apiVersion.includes('/') ? reference.apiVersion.split('/')[0] : '';
  const manages = (each: NonNullable<ApplicationStatus['resources']>[number]) =>
    each.kind === reference.kind && each.name === reference.name && (each.group ?? '') === group
    && (each.namespace ?? undefined) === reference.namespace;
  const all = await applications(kube, argoUrl);
  return all.find(({ application }) => (application.status?.resources ?? []).some(manages))?.delivery;
}

function summary(application: Application, argoUrl?: string): Delivery {
  const { metadata, spec, status } = application;
  const { name, namespace } = metadata;
  const source = spec.source ?? spec.sources?.[0] ?? {};
  return {
    name,
    sync: status?.sync?.status ?? 'Unknown',
    health: status?.health?.status ?? 'Unknown',
    revision: status?.sync?.revision,
    path: [source.path, source.directory?.include].filter(Boolean).join('/') || undefined,
    message: problem(status),
    syncedAt: status?.operationState?.finishedAt,
    url: argoUrl && `${argoUrl}/applications/${namespace}/${name}`,
  };
}

/** Why an application is not as it should be, in Argo CD's own words. */
function problem(status?: ApplicationStatus): string | undefined {
  const error = status?.conditions?.find(each => /Error|Warning/.test(each.type));
  if (error) return error.message;
  const operation = status?.operationState;
  // While Argo CD tries again, it says so in the message; only then does the message tell of a failure.
  const isRetrying = operation?.phase === 'Running' && /Retrying attempt/.test(operation.message ?? '');
  if (operation && (isRetrying || ['Failed', 'Error'].includes(operation.phase ?? ''))) {
    const failed = operation.syncResult?.resources?.find(each => each.status === 'SyncFailed');
    return failed?.message ?? operation.message;
  }
  return status?.health?.message;
}
