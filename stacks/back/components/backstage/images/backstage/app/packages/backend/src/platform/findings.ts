// What the platform's judge says of a change, sorted by the fields that it is about.
import { JsonObject, JsonValue } from '@backstage/types';
import type { Finding } from '@backstack/common';
import { ChangePreview, Tried } from './judge';
import { isMap } from './schema';

/** A policy's message, as Kyverno hands it on. */
const BY_POLICY = /Policy (\S+) failed: ([\s\S]*)/;
/** The first field that a message names, as `spec.scaling.minReplicas` or `spec.env[0].name`. */
const FIELD = /\b(?:spec|metadata)(?:\.[A-Za-z]\w*|\[\d+\])+/;

/** What is to be said of an object: what refuses it first. */
export function findingsOf(preview: ChangePreview, object: JsonObject): Finding[] {
  const { misfits = [], argo_cd = [], images = [], also_open = [], dry_run = [], composed } = preview;
  const found: Finding[] = [
    ...misfits.map(({ path, problem }) => ({ field: path, words: problem, refuses: true, missing: valueAt(object, path) === undefined })),
    ...dry_run.flatMap(tried => saidBy(tried)),
    ...(composed?.refused ? [{ ...told(composed.refused), refuses: true }] : []),
    // Fields of what is composed are no fields of the order.
    ...(composed?.dry_run ?? []).flatMap(tried => saidBy(tried).map(each => ({ ...each, field: undefined, words: `${tried.object}: ${each.words}` }))),
    ...argo_cd.map(words => ({ words: `Argo CD: ${words}`, refuses: true })),
    ...images.filter(each => each.state !== 'found').map(({ image, state, detail }) => ({
      field: pathOf(object.spec, image, 'spec'),
      words: state === 'missing' ? `There is no such image: ${detail}` : `Whether this image is there was not checked: ${detail}`,
      refuses: state === 'missing',
    })),
    ...also_open.map(({ pull_request: number, title }) => ({ words: `Pull request ${number} changes the same file: ${title}`, refuses: false })),
  ];
  return found.sort((a, b) => Number(b.refuses) - Number(a.refuses));
}

/** What becomes of what it is made of, what is lost first. */
export function effectsOf({ composed }: ChangePreview): string[] {
  const words: Record<string, string> = { delete: 'deletes', create: 'creates', change: 'changes' };
  const resources = composed?.resources ?? [];
  return Object.entries(words).flatMap(([effect, word]) => resources.filter(each => each.effect === effect).map(each => `${word} ${each.object}`));
}

function saidBy({ accepted, refused = '', warnings = [] }: Tried): Finding[] {
  return [
    ...(accepted ? [] : [{ ...told(refused || 'the API refuses it and gives no reason'), refuses: true }]),
    ...warnings.map(each => ({ ...told(each), refuses: false })),
  ];
}

/** A message without what only says where it comes from, and its field. */
function told(message: string): Omit<Finding, 'refuses'> {
  const [, policy, words = message] = BY_POLICY.exec(message) ?? [];
  return { field: FIELD.exec(words)?.[0], words: words.trim(), policy };
}

/** The value of a field, by its path. */
function valueAt(object: JsonValue | undefined, path: string): JsonValue | undefined {
  const parts = path.split(/[.[\]]+/).filter(Boolean);
  return parts.reduce<JsonValue | undefined>((part, key) => {
    if (Array.isArray(part)) return part[Number(key)];
    return isMap(part) ? part[key] : undefined;
  }, object);
}

/** The path of the first field with a value. */
function pathOf(part: JsonValue | undefined, value: string, path: string): string | undefined {
  if (part === value) return path;
  if (Array.isArray(part)) return first(part.map((each, index) => pathOf(each, value, `${path}[${index}]`)));
  return isMap(part) ? first(Object.entries(part).map(([key, each]) => pathOf(each, value, `${path}.${key}`))) : undefined;
}

function first(paths: (string | undefined)[]): string | undefined {
  return paths.find(each => each !== undefined);
}
