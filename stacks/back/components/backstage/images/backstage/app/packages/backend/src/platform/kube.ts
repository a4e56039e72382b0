// Reads the Kubernetes API with the pod's own ServiceAccount. Certificates are always checked.
import { promises as fs } from 'fs';
import { IncomingMessage } from 'http';
import https from 'https';
import { createInterface } from 'readline';
import { Config } from '@backstage/config';
import { NotFoundError } from '@backstage/errors';
import { KubeObject, Reference } from './objects';

const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Asks for a list, or for changes, without what is in the objects. */
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
/** The server ends a watch after this time. */
const WATCH_SECONDS = 1_800;

export type WatchEvent<T extends KubeObject = KubeObject> = { type: string; object: T };

/** What can be followed. */
export type Source<T extends KubeObject = KubeObject> = {
  /** All objects, and the version of that list; nothing where the API does not know the kind, or this account may not look. */
  list: () => Promise<{ items: T[]; version: string } | undefined>;
  /** Tells every change after a version, until the server ends the watch. Throws if it cannot be had or breaks. */
  watch: (version: string, signal: AbortSignal, tell: (event: WatchEvent<T>) => void) => Promise<void>;
};

type ObjectList<T> = { items: T[]; metadata: { resourceVersion: string } };
type ServedKind = { name: string; kind: string; namespaced: boolean };

/** A change: how, as what, and what. */
type Sent = { method: 'PATCH'; type: string; text: string };

export class Kube {
  private readonly server: URL;
  private readonly agent: https.Agent;
  /** Of its own: each watch holds a connection. */
  private readonly watching: https.Agent;
  private readonly plurals = new Map<string, { plural: string; namespaced: boolean }>();

  private constructor(server: string, private readonly tokenFile: string, ca: Buffer) {
    this.server = new URL(server);
    this.agent = new https.Agent({ ca, keepAlive: true, maxSockets: 8 });
    this.watching = new https.Agent({ ca, keepAlive: true });
  }

  /** Outside a pod, for development, `backstack.kubernetes` names another server, token and CA file. */
  static async fromConfig(config: Config): Promise<Kube> {
    const read = (key: string) => config.getOptionalString(`backstack.kubernetes.${key}`);
    const server = read('url') ?? 'https://kubernetes.default.svc';
    const ca = await fs.readFile(read('caFile') ?? `${MOUNT}/ca.crt`);
    return new Kube(server, read('tokenFile') ?? `${MOUNT}/token`, ca);
  }

  /** The answer to a GET; nothing where nothing is (404), or where this account may not look (403). */
  async get<T>(path: string, accept = 'application/json'): Promise<T | undefined> {
    const { status, body } = await this.request(path, accept);
    if (status === 404 || status === 403) return undefined;
    if (status >= 300) throw new Error(`the Kubernetes API answered ${status} to ${path}: ${body.slice(0, 300)}`);
    return JSON.parse(body) as T;
  }

  /** The text at a path. Why there is none is told in the words of Kubernetes. */
  async text(path: string): Promise<string> {
    const { status, body } = await this.request(path, '*/*');
    if (status < 300) return body;
    const { message = body.slice(0, 300) } = /^\s*\{/.test(body) ? (JSON.parse(body) as { message?: string }) : {};
    throw new NotFoundError(message || `the Kubernetes API answered ${status}`);
  }

  /** Changes an object: what is sent is merged into it. */
  async merge(path: string, change: object): Promise<void> {
    const { status, body } = await this.request(path, 'application/json', { method: 'PATCH', type: 'application/merge-patch+json', text: JSON.stringify(change) });
    if (status >= 300) throw new Error(`the Kubernetes API answered ${status} to a change of ${path}: ${body.slice(0, 300)}`);
  }

  /** The objects of a list; none where the kind does not exist. */
  async list<T extends KubeObject = KubeObject>(path: string): Promise<T[]> {
    return (await this.get<{ items?: T[] }>(path))?.items ?? [];
  }

  /** One object by its reference. */
  async object<T extends KubeObject = KubeObject>(reference: Reference): Promise<T | undefined> {
    const path = await this.path(reference);
    return path === undefined ? undefined : this.get<T>(path);
  }

  /** The metadata of all objects of a kind, in all namespaces, to be followed. */
  metadataOf(apiVersion: string, kind: string): Source {
    const path = async () => {
      const found = await this.kind(apiVersion, kind);
      return found && `${root(apiVersion)}/${found.plural}`;
    };
    return this.listed(path, METADATA_LIST, METADATA);
  }

  /** The objects of a list, to be followed: whole, for few objects that are small. */
  source<T extends KubeObject>(path: string): Source<T> {
    return this.listed(() => Promise.resolve(path), 'application/json', 'application/json');
  }

  private listed<T extends KubeObject>(path: () => Promise<string | undefined>, all: string, one: string): Source<T> {
    return {
      list: async () => {
        const found = await path();
        const list = found && (await this.get<ObjectList<T>>(found, all));
        return list ? { items: list.items, version: list.metadata.resourceVersion } : undefined;
      },
      watch: async (version, signal, tell) => {
        const found = await path();
        if (!found) throw new Error('the Kubernetes API does not know the kind any more');
        const url = new URL(found, this.server);
        const query = { watch: '1', allowWatchBookmarks: 'true', timeoutSeconds: `${WATCH_SECONDS}`, resourceVersion: version };
        for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
        await this.events(url, one, signal, tell);
      },
    };
  }

  /** Tells what a watch tells, until the server ends it. Throws if it cannot be had or breaks. */
  private async events<T extends KubeObject>(url: URL, accept: string, signal: AbortSignal, tell: (event: WatchEvent<T>) => void) {
    const headers = { ...(await this.authorization()), accept };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      https.get(url, { agent: this.watching, headers, signal }, resolve).on('error', reject);
    });
    if (answer.statusCode !== 200) {
      answer.resume();
      throw new Error(`the Kubernetes API answered ${answer.statusCode} to a watch of ${url.pathname}`);
    }
    for await (const line of createInterface({ input: answer })) if (line) tell(JSON.parse(line) as WatchEvent<T>);
  }

  /** What the API calls a kind in its paths; nothing where it does not know it. */
  async plural(apiVersion: string, kind: string): Promise<string | undefined> {
    return (await this.kind(apiVersion, kind))?.plural;
  }

  private async path(reference: Reference): Promise<string | undefined> {
    const kind = await this.kind(reference.apiVersion, reference.kind);
    if (!kind) return undefined;
    const namespace = kind.namespaced ? `/namespaces/${encodeURIComponent(reference.namespace ?? 'default')}` : '';
    return `${root(reference.apiVersion)}${namespace}/${kind.plural}/${encodeURIComponent(reference.name)}`;
  }

  private async kind(apiVersion: string, kind: string) {
    const key = `${apiVersion}/${kind}`;
    if (!this.plurals.has(key)) {
      const served = await this.get<{ resources?: ServedKind[] }>(root(apiVersion));
      const found = served?.resources?.find(each => each.kind === kind && !each.name.includes('/'));
      if (!found) return undefined;
      this.plurals.set(key, { plural: found.name, namespaced: found.namespaced });
    }
    return this.plurals.get(key);
  }

  /** The token is renewed in its file from time to time. */
  private async authorization() {
    return { authorization: `Bearer ${(await fs.readFile(this.tokenFile, 'utf8')).trim()}` };
  }

  private async request(path: string, accept: string, sent?: Sent): Promise<{ status: number; body: string }> {
    const headers = { ...(await this.authorization()), accept, ...(sent ? { 'content-type': sent.type } : {}) };
    return new Promise((resolve, reject) => {
      const call = https.request(new URL(path, this.server), { method: sent?.method, agent: this.agent, headers, timeout: 10_000 }, answer => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }));
        answer.on('error', reject);
      });
      call.on('timeout', () => call.destroy(new Error(`the Kubernetes API did not answer ${path} within 10 s`)));
      call.on('error', reject);
      call.end(sent?.text);
    });
  }
}

/** Path of an API version, as `/api/v1` or `/apis/apps/v1`. */
function root(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
