// What is wrong with something, asked of the platform's own judge: its MCP server, which assistants ask too. So the portal, the
// assistant and the command line say the same in the same words.
import { Config } from '@backstage/config';
import { NotFoundError, ServiceUnavailableError } from '@backstage/errors';
import type { Diagnosis, DocsFound, Subject } from '@backstack/common';

/** What the judge says of a change, as far as it is read here. */
export type ChangePreview = {
  misfits?: { path: string; problem: string }[];
  argo_cd?: string[];
  images?: { image: string; state: string; detail: string }[];
  also_open?: { pull_request: number; title: string }[];
  dry_run?: Tried[];
  composed?: { composition?: string; refused?: string; dry_run?: Tried[]; resources?: { object: string; effect: string }[] };
};

export type Tried = { object: string; accepted: boolean; refused?: string; warnings?: string[] };

type ToolResult = { isError?: boolean; content?: { text?: string }[]; structuredContent?: unknown };
type Answer = { result?: ToolResult; error?: { message: string } };

/** The revision of the protocol in which each request stands by itself. */
const REVISION = '2026-07-28';
const PATIENCE_MS = 20_000;
/** Answers are for a page, not for a model that pays by the word. */
const MOST_TOKENS = 20_000;
/** Several people look at the same page, and a page asks again and again. */
const FRESH_MS = 4_000;

export class Judge {
  private readonly known = new Map<string, { at: number; diagnosis: Promise<Diagnosis> }>();

  constructor(private readonly url: string, private readonly token: string) {}

  static fromConfig(config: Config): Judge {
    return new Judge(config.getString('backstack.assistant.url'), config.getString('backstack.assistant.token'));
  }

  /** Of a thing, as `Kind:namespace/name`; of the whole platform without one. */
  diagnosis(subject = ''): Promise<Diagnosis> {
    const now = Date.now();
    const known = this.known.get(subject);
    if (known && now - known.at < FRESH_MS) return known.diagnosis;
    for (const [key, { at }] of this.known) if (now - at >= FRESH_MS) this.known.delete(key);
    const diagnosis = this.ask<Diagnosis>('diagnose', { entity: subject });
    this.known.set(subject, { at: now, diagnosis });
    // Nobody is told of a failure that is over.
    diagnosis.catch(() => this.known.delete(subject));
    return diagnosis;
  }

  /** What a manifest would do as a file of a repository, which is given as `repository:path`. */
  preview(manifest: string, file: string): Promise<ChangePreview> {
    return this.ask('change_preview', { manifest, file });
  }

  /** The sections of the documentation that answer a question best, best first. */
  async docs(query: string, limit: number): Promise<DocsFound[]> {
    const { items = [] } = await this.ask<{ items?: { address: string; breadcrumb: string[]; snippet: string }[] }>('docs', { query, limit });
    return items.map(({ address, breadcrumb, snippet }) => ({ address, headings: breadcrumb, line: snippet }));
  }

  private async ask<T>(tool: string, input: Record<string, unknown>): Promise<T> {
    const { error, result } = await this.call(tool, { ...input, max_tokens: MOST_TOKENS });
    const said = error?.message ?? result?.content?.map(each => each.text).join('\n') ?? 'nothing';
    if (error) throw new ServiceUnavailableError(`the platform's judge cannot tell: ${said}`);
    if (!result || result.isError) throw new NotFoundError(said);
    return result.structuredContent as T;
  }

  private async call(name: string, input: Record<string, unknown>): Promise<Answer> {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': REVISION,
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'portal', version: '1' },
    };
    const away = (why: string) => new ServiceUnavailableError(`the platform's judge does not answer (${why}); it is asked again`);
    let answer: Response;
    try {
      answer = await fetch(this.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          authorization: `Bearer ${this.token}`,
          'mcp-protocol-version': REVISION,
          'mcp-method': 'tools/call',
          'mcp-name': name,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input, _meta: meta } }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch (error) {
      throw away(error instanceof Error ? error.message : 'no connection');
    }
    if (!answer.ok) throw away(`${answer.status}`);
    return (await answer.json()) as Answer;
  }
}

/** As a thing is written to ask about it. */
export function typed({ kind, namespace, name }: Pick<Subject, 'kind' | 'namespace' | 'name'>): string {
  return namespace ? `${kind}:${namespace}/${name}` : `${kind}:${name}`;
}
