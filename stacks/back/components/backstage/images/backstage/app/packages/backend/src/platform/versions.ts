// Which version of each composite API counts now: the newest that is served and not deprecated, as the assistant has it, too.
import { Reference, Xrd } from './objects';
import { currentVersion } from './templates';

export class Versions {
  private current = new Map<string, string>();

  /** Takes these definitions; whether another version counts than before, of any of them. */
  renew(xrds: Xrd[]): boolean {
    const before = this.current;
    this.current = new Map(xrds.flatMap(xrd => {
      const version = currentVersion(xrd);
      return version ? [[`${xrd.spec.group}/${xrd.spec.names.kind}`, version.name] as const] : [];
    }));
    return [...this.current].some(([kind, version]) => before.get(kind) !== version);
  }

  /** The version of an object's API; nothing where that is no composite one, or is not known yet. */
  of({ apiVersion, kind }: Pick<Reference, 'apiVersion' | 'kind'>): string | undefined {
    return this.current.get(`${apiVersion.split('/')[0]}/${kind}`);
  }
}
