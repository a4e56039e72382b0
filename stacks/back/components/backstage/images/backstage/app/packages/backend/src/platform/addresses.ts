// Where what was ordered answers: read from the Ingresses and Services that it is made of.
import type { Addresses } from '@backstack/common';
import { KubeObject } from './objects';

type Ingress = KubeObject & { spec?: { rules?: { host?: string; http?: { paths?: { path?: string }[] } }[] } };
type Service = KubeObject & { spec?: { clusterIP?: string; ports?: { port: number }[] } };

/** The addresses of these objects; `platformUrl` is the platform's own, whose scheme and port Ingresses share. */
export function addressesOf(objects: KubeObject[], platformUrl: string): Addresses {
  return {
    open: [...new Set(objects.filter(isIngress).flatMap(each => urlsOf(each, new URL(platformUrl))))],
    inside: objects.filter(isService).flatMap(inCluster),
  };
}

function isIngress(object: KubeObject): object is Ingress {
  return object.kind === 'Ingress' && object.apiVersion.startsWith('networking.k8s.io/');
}

function isService(object: KubeObject): object is Service {
  return object.kind === 'Service' && object.apiVersion === 'v1';
}

function urlsOf({ spec }: Ingress, { protocol, hostname, port }: URL): string[] {
  return (spec?.rules ?? []).flatMap(({ host = hostname, http }) => {
    // Any name may take the place of the star: none is an address.
    if (host.startsWith('*')) return [];
    const origin = `${protocol}//${host}${port ? `:${port}` : ''}`;
    return (http?.paths ?? [{}]).map(({ path = '/' }) => `${origin}${path === '/' ? '' : path}`);
  });
}

function inCluster({ metadata, spec }: Service): string[] {
  // A Service without an address of its own lists pods.
  if (spec?.clusterIP === 'None') return [];
  return (spec?.ports ?? []).map(({ port }) => `${metadata.name}.${metadata.namespace ?? 'default'}.svc:${port}`);
}
