// Which version of each composite API counts now: the one that compositions refer to, as the assistant has it, too.
import { Reference, Version, Xrd } from './objects';

export class Versions {
  private current = new Map<string, string>();

  /** Takes these definitions; whether another version counts than before, of any of them. */
  renew(xrds: Xrd[]): boolean {
    const before = this.current;
    this.current = new Map(xrds.flatMap(xrd => {
      const version = counting(xrd.spec.versions ?? []);
      return version ? [[`${xrd.spec.group}/${xrd.spec.names.kind}`, version.name] as const] : [];
    }));
    return [...this.current].some(([kind, version]) => before.get(kind) !== version);
  }

  /** The version of an object's API; nothing where that is no composite one, or is not known yet. */
  of({ apiVersion, kind }: Pick<Reference, 'apiVersion' | 'kind'>): string | undefined {
    return this.current.get(`${apiVersion.split('/')[0]}/${kind}`);
  }
}

function counting(versions: Version[]): Version | undefined {
  return versions.find(each => each.referenceable) ?? versions.at(-1);
}
