import { createFetch, parseRetryAfter } from '@ops/timeout/fetch';
import type { SendContext } from '../channel.ts';
import { DeliveryError } from '../errors.ts';
import type { Connection } from './connection-options.ts';

/** Longer answers are cut: all that is looked for is a word or a small object. */
const MAX_ANSWER_BYTES = 16_384;

/** The times when the same request may yet succeed; every other 4xx would be refused again. */
const RETRYABLE_4XX = [408, 425, 429];

/** One request of a channel. */
export interface Post {
  /** Who is asked, as errors name it: `Slack`. */
  readonly to: string;
  readonly url: string | URL;
  /** In lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: string;
  readonly connection: Connection;
  readonly context: Pick<SendContext, 'signal' | 'fetch'>;
}

/** What came back. Exactly one of `text` and `discard` must be called, to let go of the connection. */
export interface Answer {
  readonly to: string;
  readonly status: number;
  readonly isOk: boolean;
  readonly headers: Headers;
  /** When it came, by the wall clock: what a date in it is compared with. */
  readonly atMs: number;
  /**
   * At most the first 16 KiB.
   *
   * @throws DeliveryError when it breaks off or takes too long.
   */
  text(): Promise<string>;
  discard(): void;
}

/**
 * Posts JSON within the time limit. Redirects are not followed: they would carry a secret, in the
 * URL, a header or the body, to an address that nobody configured.
 *
 * @throws DeliveryError when there is no answer (retryable), or a redirect (not). Never with the URL
 * or what the runtime said: its message, or its cause's, may hold the URL.
 */
export async function postJson(post: Post): Promise<Answer> {
  const { to, connection, context } = post;
  const { timeoutMs, clock } = connection;
  const send = createFetch({ fetch: connection.fetch ?? context.fetch, timeout: timeoutMs, clock });
  const response = await send(post.url, {
    method: 'POST',
    redirect: 'manual',
    signal: context.signal,
    body: post.body,
    headers: { 'user-agent': '@ops/alerts', 'content-type': 'application/json', ...post.headers },
  }).catch((error: unknown) => {
    throw unreachable(to, error, timeoutMs);
  });
  const discard = (): void => void response.body?.cancel().catch(() => {});
  const { status } = response;
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    discard();
    throw new DeliveryError(
      `${to} answered ${status}; redirects are not followed, configure the final URL`,
      { retryable: false, status },
    );
  }
  return {
    to,
    status,
    isOk: response.ok,
    headers: response.headers,
    atMs: clock.now(),
    discard,
    async text() {
      try {
        return await readStart(response);
      } catch (error) {
        throw unreachable(to, error, timeoutMs);
      }
    },
  };
}

/** Whether a request that was answered so may succeed later. */
export function isRetryableStatus(status: number): boolean {
  return status >= 500 || RETRYABLE_4XX.includes(status);
}

/** What a channel knows about a refusal beyond its status. */
export interface Refusal {
  /** Put behind the status; must hold no secret. */
  readonly detail?: string | undefined;
  /** Default: by status. */
  readonly retryable?: boolean | undefined;
  /** Default: from `Retry-After`, for what is retryable. */
  readonly retryAfterMs?: number | undefined;
}

export function refused(answer: Answer, refusal: Refusal = {}): DeliveryError {
  const { to, status, headers, atMs } = answer;
  const { detail, retryable = isRetryableStatus(status) } = refusal;
  const asked = refusal.retryAfterMs ?? parseRetryAfter(headers.get('retry-after'), atMs);
  return new DeliveryError(`${to} answered ${status}${detail ? `: ${detail}` : ''}`, {
    retryable,
    status,
    retryAfterMs: retryable ? asked : undefined,
  });
}

/**
 * A name of an error, such as `invalid_payload`, out of an answer; undefined when it is anything
 * else. Whole sentences, and words with digits or capitals, are not quoted: some services repeat what
 * they were sent, keys included.
 */
export function errorName(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= 60 && /^[a-z]+(?:_[a-z]+)*$/.test(value)
    ? value
    : undefined;
}

/** The object that the text is as JSON; empty for anything else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function readStart(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  while (byteCount < MAX_ANSWER_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    byteCount += value.byteLength;
  }
  reader.cancel().catch(() => {});
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString();
}

function unreachable(to: string, error: unknown, timeoutMs: number): DeliveryError {
  const code = codeOf(error);
  const what =
    code === 'ERR_OPS_TIMEOUT' ? `did not answer within ${timeoutMs} ms` : 'could not be reached';
  return new DeliveryError(`${to} ${what}${code ? ` (${code})` : ''}`, { retryable: true });
}

/** Such as ECONNREFUSED, which `fetch` hides one cause down. */
function codeOf(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string' && /^[A-Z_]{2,40}$/.test(at.code))
      return at.code;
  }
  return undefined;
}
