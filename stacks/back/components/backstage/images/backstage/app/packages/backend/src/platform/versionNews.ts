// Which things are ordered with a version of an API that goes.
import { Entity } from '@backstage/catalog-model';
import { Gitea } from './gitea';
import { ownerOf, thingOf } from './healthNews';
import { Kube } from './kube';
import { manifestPath, readManifest } from './manifest';
import { deprecated, Notice } from './notices';
import { Reference, Version, Xrd } from './objects';
import { referenceOf } from './resources';
import { currentVersion, deprecation } from './templates';

const DEFINITIONS = '/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions';

/** What is to be told to the owners of such things. What their manifest in Git says counts: the cluster converts. */
export async function versionNews(kube: Kube, gitea: Gitea, entities: () => Promise<Entity[]>): Promise<Notice[]> {
  const xrds = (await kube.list<Xrd>(DEFINITIONS)).filter(each => going(each).length > 0);
  if (xrds.length === 0) return [];
  const things = (await entities()).flatMap(entity => {
    const reference = referenceOf(entity);
    const xrd = reference && xrds.find(each => isOf(each, reference));
    return xrd ? [{ entity, reference, xrd }] : [];
  });
  const found = await Promise.all(things.map(async ({ entity, reference, xrd }) => {
    const file = await gitea.file(manifestPath(reference));
    const used = file && readManifest(file.content)?.apiVersion;
    const version = going(xrd).find(each => `${xrd.spec.group}/${each.name}` === used);
    const advice = version && deprecation(version, currentVersion(xrd), reference.kind);
    return version && advice ? deprecated(thingOf(entity, reference, [ownerOf(entity)]), `${reference.kind} ${version.name}`, advice) : undefined;
  }));
  return found.filter(each => each !== undefined).sort((a, b) => a.key.localeCompare(b.key));
}

function going({ spec }: Xrd): Version[] {
  return (spec.versions ?? []).filter(each => each.deprecated && each.served);
}

function isOf({ spec }: Xrd, { apiVersion, kind }: Reference): boolean {
  return spec.names.kind === kind && apiVersion.startsWith(`${spec.group}/`);
}

/** An entity, as catalogs list it by these fields. */
export const THING_FIELDS = ['kind', 'metadata.name', 'metadata.namespace', 'metadata.annotations', 'spec.owner'];
