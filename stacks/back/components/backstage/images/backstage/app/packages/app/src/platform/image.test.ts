import { expect, test } from 'vitest';
import { splitImage } from './image';

test.each([
  ['docker.io/library/nginx:1.29.3', 'docker.io/library/nginx', '1.29.3'],
  ['localhost:5000/shop', 'localhost:5000/shop', 'latest'],
  ['ghcr.io/a/b:2@sha256:0123456789abcdef', 'ghcr.io/a/b', '2'],
  ['ghcr.io/a/b@sha256:0123456789abcdef', 'ghcr.io/a/b', '0123456789ab'],
])('%s', (image, name, version) => expect(splitImage(image)).toEqual({ name, version }));
