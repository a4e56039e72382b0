// Follows kinds of the cluster by watches: what is there is known at any moment, and nobody has to list it again.
import { LoggerService } from '@backstage/backend-plugin-api';
import { stringifyError } from '@backstage/errors';
import { Kube, Source } from './kube';
import { KubeObject, Reference } from './objects';

/** Milliseconds until a watch that broke is begun again; doubled while it breaks at once. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

export type Kind = { apiVersion: string; kind: string };

/** What happened to an object, of which only the metadata is known. */
export type Change = { kind: Kind; type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject };

/** The objects of one list. */
export class ListWatch<T extends KubeObject = KubeObject> {
  /** By namespace and name; nothing while the API does not know the kind, or has not been asked yet. */
  objects?: Map<string, T>;
  private readonly stopping = new AbortController();

  /** `what` is what the log calls it. */
  constructor(
    private readonly source: Source<T>,
    private readonly what: string,
    private readonly changed: (type: Change['type'], object: T) => void,
    private readonly logger: LoggerService,
  ) {
    void this.follow();
  }

  stop() {
    this.stopping.abort();
  }

  private async follow() {
    let pause = FIRST_PAUSE;
    let version: string | undefined;
    while (!this.stopping.signal.aborted) {
      const began = Date.now();
      try {
        version ??= await this.list();
        if (version !== undefined) version = await this.watch(version);
      } catch (error) {
        if (!this.stopping.signal.aborted) this.logger.debug(`the watch of ${this.what} broke: ${stringifyError(error)}`);
        version = undefined;
      }
      // A watch that the server ends after its time is begun again at once.
      pause = Date.now() - began > LONGEST_PAUSE ? FIRST_PAUSE : Math.min(2 * pause, LONGEST_PAUSE);
      if (version === undefined || pause > FIRST_PAUSE) await this.rest(pause);
    }
  }

  /** Learns what there is, and tells how it differs from what was known; the version of the list. */
  private async list(): Promise<string | undefined> {
    const list = await this.source.list();
    if (!list) return undefined;
    const before = this.objects ?? new Map<string, T>();
    this.objects = new Map(list.items.map(each => [key(each.metadata), each]));
    for (const [name, object] of this.objects) this.compare(before.get(name), object);
    for (const [name, object] of before) if (!this.objects.has(name)) this.changed('DELETED', object);
    return list.version;
  }

  /** Follows until the server ends the watch; the version to go on from, or nothing if that one is too old. */
  private async watch(from: string): Promise<string | undefined> {
    let version: string | undefined = from;
    await this.source.watch(from, this.stopping.signal, ({ type, object }) => {
      if (type === 'ERROR') version = undefined;
      else if (version !== undefined) version = object.metadata.resourceVersion;
      if (type === 'ADDED' || type === 'MODIFIED') {
        const before = this.objects!.get(key(object.metadata));
        this.objects!.set(key(object.metadata), object);
        this.compare(before, object);
      }
      if (type === 'DELETED' && this.objects!.delete(key(object.metadata))) this.changed('DELETED', object);
    });
    return version;
  }

  private compare(before: T | undefined, now: T) {
    if (!before) this.changed('ADDED', now);
    else if (before.metadata.resourceVersion !== now.metadata.resourceVersion) this.changed('MODIFIED', now);
  }

  private rest(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, milliseconds);
      this.stopping.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** The kinds that the portal follows. */
export class Watches {
  private readonly watches = new Map<string, ListWatch>();

  constructor(
    private readonly kube: Kube,
    private readonly changed: (change: Change) => void,
    private readonly logger: LoggerService,
  ) {}

  /** Follows just these kinds from now on. */
  follow(kinds: Kind[]) {
    const wanted = new Map(kinds.map(each => [nameOf(each), each]));
    for (const [name, watch] of this.watches) {
      if (wanted.has(name)) continue;
      watch.stop();
      this.watches.delete(name);
    }
    for (const [name, kind] of wanted) {
      if (!this.watches.has(name)) this.watches.set(name, this.begin(kind));
    }
  }

  private begin(kind: Kind): ListWatch {
    const source = this.kube.metadataOf(kind.apiVersion, kind.kind);
    return new ListWatch(source, kind.kind, (type, object) => this.changed({ kind, type, object }), this.logger);
  }

  stop() {
    this.follow([]);
  }

  /** `null` if there is no such object; `undefined` if its kind is not followed, or not known yet. */
  find(reference: Reference): KubeObject | null | undefined {
    const objects = this.watches.get(nameOf(reference))?.objects;
    return objects && (objects.get(key(reference)) ?? null);
  }
}

function nameOf({ apiVersion, kind }: Kind): string {
  return `${apiVersion}/${kind}`;
}

function key({ namespace, name }: { namespace?: string; name: string }): string {
  return `${namespace ?? ''}/${name}`;
}
