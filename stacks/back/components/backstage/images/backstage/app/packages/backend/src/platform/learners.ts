// How far somebody is in the course. `backstack workshop` keeps it in a ConfigMap for each learner, which this follows by a watch.
import { LoggerService } from '@backstage/backend-plugin-api';
import type { Learner } from '@backstack/common';
import { parse } from 'yaml';
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
  if (!data.track) return undefined;
  return { name: data.learner || metadata.name, track: data.track, step: data.step || undefined, done: doneIn(data.done ?? '') };
}

/** Names of steps: the keys of a map, or the items of a list. */
function doneIn(text: string): string[] {
  const value: unknown = readYaml(text);
  if (isMap(value)) return Object.keys(value);
  const items: unknown[] = Array.isArray(value) ? value : [];
  return items.map(each => (isMap(each) ? each.step : each)).filter(each => typeof each === 'string');
}

function readYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
