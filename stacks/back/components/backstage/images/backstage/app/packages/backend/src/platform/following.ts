// What a change in the cluster leads to: kinds to follow, templates, what the ingestor brings, a look at the catalog.
import { LoggerService, SchedulerService } from '@backstage/backend-plugin-api';
import { isError, stringifyError } from '@backstage/errors';
import { Kube } from './kube';
import { KubeObject, Xrd } from './objects';
import { Soon } from './soon';
import { isEstablished } from './templates';
import { stateOf } from './upkeep';
import { Versions } from './versions';
import { Change, Kind, Watches } from './watch';

const XRD: Kind = { apiVersion: 'apiextensions.crossplane.io/v2', kind: 'CompositeResourceDefinition' };
const CRD: Kind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
const COMPOSITION: Kind = { apiVersion: 'apiextensions.crossplane.io/v1', kind: 'Composition' };
const NAMESPACE: Kind = { apiVersion: 'v1', kind: 'Namespace' };
/** The kinds that the ingestor brings by itself, besides composites. */
const WORKLOADS: Kind[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'batch/v1', kind: 'CronJob' },
];
/** The ingestor's tasks: what runs, and APIs. */
const RESOURCES_TASK = 'KubernetesEntityProvider';
const APIS_TASK = 'XRDTemplateEntityProvider';
/** Milliseconds: changes come in swarms. */
const SWARM = 1_000;
const BUSY = 2_000;

export type Parts = {
  kube: Kube;
  scheduler: SchedulerService;
  logger: LoggerService;
  /** Makes the templates anew. */
  templates: () => Promise<void>;
  /** Compares the catalog with the cluster; says when it wants to do so again. */
  look: () => Promise<number | undefined>;
  versions: Versions;
  /** Others of the portal want to know that something of a kind has changed. */
  tell?: (kind: string) => void;
};

export class Following {
  readonly watches: Watches;
  private readonly states = new Map<string, string>();
  private readonly kinds = new Soon(SWARM, () => this.followComposites());
  private readonly templates = new Soon(SWARM, () => this.parts.templates().then(() => undefined));
  private readonly resources = new Soon(SWARM, () => this.run(RESOURCES_TASK));
  private readonly apis = new Soon(SWARM, () => this.run(APIS_TASK));
  private readonly look = new Soon(SWARM, () => this.parts.look());

  constructor(private readonly parts: Parts) {
    this.watches = new Watches(parts.kube, change => this.changed(change), parts.logger);
  }

  /** Begins with the kinds that are always there; composites follow from their definitions. */
  start() {
    this.watches.follow([XRD, CRD, COMPOSITION, NAMESPACE, ...WORKLOADS]);
  }

  stop() {
    this.watches.stop();
    for (const each of [this.kinds, this.templates, this.resources, this.apis, this.look]) each.stop();
  }

  private changed({ kind, type, object }: Change) {
    this.parts.tell?.(kind.kind);
    if (kind === COMPOSITION || kind === NAMESPACE) this.templates.ask();
    if (kind === COMPOSITION) return undefined;
    if (kind === NAMESPACE) return this.isNew(kind, type, object) ? this.look.ask() : undefined;
    if (kind === XRD) {
      // Its status says whether it can be ordered, so every change counts.
      for (const each of [this.kinds, this.templates, this.resources, this.apis]) each.ask();
      return undefined;
    }
    if (type !== 'MODIFIED') (kind === CRD ? this.apis : this.resources).ask();
    if (this.isNew(kind, type, object)) this.look.ask();
    return undefined;
  }

  /** Most changes are of a status, which no entity tells. */
  private isNew(kind: Kind, type: Change['type'], object: KubeObject): boolean {
    const name = `${kind.apiVersion}/${kind.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    const state = type === 'DELETED' ? undefined : stateOf(object);
    if (this.states.get(name) === state) return false;
    if (state === undefined) this.states.delete(name);
    else this.states.set(name, state);
    return true;
  }

  private async followComposites(): Promise<number | undefined> {
    try {
      const xrds = await this.parts.kube.list<Xrd>(`/apis/${XRD.apiVersion}/compositeresourcedefinitions`);
      const composites = xrds.filter(isEstablished).flatMap(({ spec }) => {
        const served = (spec.versions ?? []).filter(each => each.served);
        return served.map(each => ({ apiVersion: `${spec.group}/${each.name}`, kind: spec.names.kind }));
      });
      // Entities name the version that counts.
      if (this.parts.versions.renew(xrds)) this.look.ask();
      this.watches.follow([XRD, CRD, COMPOSITION, NAMESPACE, ...WORKLOADS, ...composites]);
      return undefined;
    } catch (error) {
      this.parts.logger.warn(`the kinds of composites are not known: ${stringifyError(error)}`);
      return BUSY;
    }
  }

  /** Has a task of the ingestor run now. One that runs at this moment may have missed the change: it runs once more. */
  private async run(task: string): Promise<number | undefined> {
    try {
      await this.parts.scheduler.triggerTask(task);
      return undefined;
    } catch (error) {
      if (isError(error) && ['ConflictError', 'NotFoundError'].includes(error.name)) return BUSY;
      this.parts.logger.warn(`${task} was not started: ${stringifyError(error)}`);
      return undefined;
    }
  }
}
