// An object and what was made of it, as a tree: by who owns whom.
import type { TreeNode } from '@backstack/common';
import { healthOf } from './health';
import { KubeObject } from './objects';

type Kept = KubeObject & { spec?: { replicas?: number } };

/** The first object is the root; nothing without one. */
export function treeOf(objects: KubeObject[]): TreeNode | undefined {
  const [root, ...rest] = objects.filter(isInUse);
  if (!root) return undefined;
  const known = new Set([root, ...rest].map(each => each.metadata.uid));
  const owned = new Map<string | undefined, KubeObject[]>();
  for (const each of rest) {
    // What nobody here owns was named by the root.
    const owner = each.metadata.ownerReferences?.find(({ uid }) => known.has(uid))?.uid ?? root.metadata.uid;
    owned.set(owner, [...(owned.get(owner) ?? []), each]);
  }
  const seen = new Set<KubeObject>();
  const node = (object: KubeObject): TreeNode => {
    seen.add(object);
    const { kind, metadata: { name, namespace, uid } } = object;
    const below = (owned.get(uid) ?? []).filter(each => !seen.has(each));
    return { kind, name, namespace, ...healthOf(object), children: below.map(node) };
  };
  return node(root);
}

/** A Deployment keeps what it was before: ReplicaSets without pods. */
function isInUse({ kind, spec }: Kept): boolean {
  return !(kind === 'ReplicaSet' && spec?.replicas === 0);
}
