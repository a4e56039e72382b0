// How far somebody is in the course. `backstack workshop` keeps it in a ConfigMap for each learner, which this follows by a watch.
import { LoggerService } from '@backstage/backend-plugin-api';
import type { Learner } from '@backstack/common';
import { Kube } from './kube';
import { KubeObject } from './objects';
import { isMap } from './schema';
import { ListWatch } from './watch';

export type ProgressMap = KubeObject & { data?: Record<string, string> };

const LABEL = 'backstack.dev/workshop=progress';
/** The one namespace whose ConfigMaps with this label the portal may read: `manifests/rbac.yaml`. */
const PATH = `/api/v1/namespaces/backstack-system/configmaps?labelSelector=${encodeURIComponent(LABEL)}`;

export class Learners {
  private readonly watch: ListWatch<ProgressMap>;

  /** `changed` hears that somebody has come further. */
  constructor(kube: Kube, changed: () => void, logger: LoggerService) {
    this.watch = new ListWatch(kube.source<ProgressMap>(PATH), 'the learners', () => changed(), logger);
  }

  all(): Learner[] {
    const found = [...(this.watch.objects?.values() ?? [])].map(learnerOf).filter(each => each !== undefined);
    return found.sort((a, b) => a.name.localeCompare(b.name));
  }

  stop() {
    this.watch.stop();
  }
}

/** Nothing for one that says of no track. */
export function learnerOf({ metadata, data = {} }: ProgressMap): Learner | undefined {
  const { learner, track, step, done, like } = data;
  if (!track) return undefined;
  return { name: learner || metadata.name, track, step: step || undefined, done: doneIn(done, track), like: like || undefined };
}

/** The steps of a track among all that a learner has done. */
function doneIn(text: string | undefined, track: string): string[] {
  const all = readJson(text ?? '[]');
  const ofTrack = (Array.isArray(all) ? all : []).filter(isMap).filter(each => each.track === track);
  return ofTrack.map(each => each.step).filter(each => typeof each === 'string');
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
