// Names of container images.

/** The name of an image, and its version: the tag, or the first digits of the digest. */
export function splitImage(image: string): { name: string; version: string } {
  const [, name, tag, digest] = /^(.+?)(?::([^:/@]+))?(?:@sha256:([0-9a-f]+))?$/.exec(image) ?? [undefined, image];
  return { name, version: tag ?? (digest ? digest.slice(0, 12) : 'latest') };
}
