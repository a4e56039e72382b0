// Parts of the platform that do not run: what others last wrote is still there to be read, and nobody brings it up to date.
import { Kube } from './kube';
import { KubeObject } from './objects';

type Workload = KubeObject & { status?: { readyReplicas?: number } };

/** Milliseconds for which an answer holds: all cards of a page ask. */
const FRESH = 5_000;
const KINDS = ['deployments', 'statefulsets'];

export class Away {
  private readonly known = new Map<string, { at: number; parts: Promise<string[]> }>();

  constructor(private readonly kube: Pick<Kube, 'list'>) {}

  /** The names of what should run in a namespace of the platform, and of which no pod is ready. */
  in(namespace: string): Promise<string[]> {
    const known = this.known.get(namespace);
    if (known && Date.now() - known.at < FRESH) return known.parts;
    const parts = this.look(namespace);
    this.known.set(namespace, { at: Date.now(), parts });
    // Nobody is told of a failure that is over.
    parts.catch(() => this.known.delete(namespace));
    return parts;
  }

  private async look(namespace: string): Promise<string[]> {
    const lists = await Promise.all(KINDS.map(kind => this.kube.list<Workload>(`/apis/apps/v1/namespaces/${namespace}/${kind}`)));
    return lists.flat().filter(({ status }) => !status?.readyReplicas).map(({ metadata }) => metadata.name).sort();
  }
}
