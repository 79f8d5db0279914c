import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { withTimeout } from '@ops/timeout/check';
import { classifyError, systemCodeOf } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';

/** What a page was answered with. */
export interface PageAnswer {
  readonly httpStatus: number;
  /** Media type, without parameters, in lower case. */
  readonly mediaType: string;
  /** Empty when it is neither JSON nor plain text, for then it says nothing. */
  readonly text: string;
}

/** A health page of 1,000 checks with their messages; ours are some 10 KiB. */
const MOST_BYTES = 1_048_576;

/**
 * One GET by a connection of its own, through no proxy. The limit is of it all: the name's look-up,
 * connecting, TLS, headers and the body, however slowly they trickle in.
 *
 * @throws CheckFailedError with nothing of the URL, the headers or the body in its message.
 */
export async function getPage(
  url: URL,
  headers: OutgoingHttpHeaders,
  timeoutMs: number,
): Promise<PageAnswer> {
  try {
    return await withTimeout(({ signal }) => exchange(url, headers, signal), timeoutMs);
  } catch (error) {
    if (error instanceof CheckFailedError) throw error;
    const code = classifyError(error);
    const reason = code === 'timeout' ? `after ${timeoutMs} ms` : wordOf(error);
    throw new CheckFailedError(code, reason, { cause: error });
  }
}

/** No message: Node.js quotes there what it was given. */
function wordOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name: string };
  return systemCodeOf(error) ?? (typeof code === 'string' ? code : name);
}

async function exchange(
  url: URL,
  headers: OutgoingHttpHeaders,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const isSecure = url.protocol === 'https:';
  const { request } = isSecure ? await import('node:https') : await import('node:http');
  const sent = request(url, { agent: false, headers, signal });
  // What goes wrong after the headers is told by the body.
  sent.on('error', () => {});
  try {
    const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
    const [mediaType = ''] = (response.headers['content-type'] ?? '').toLowerCase().split(';');
    const isRead = /^(?:text\/plain|application\/(?:[\w.-]+\+)?json)$/.test(mediaType.trim());
    return {
      httpStatus: response.statusCode ?? 0,
      mediaType: mediaType.trim(),
      text: isRead ? await textOf(response) : '',
    };
  } finally {
    sent.destroy();
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    byteCount += chunk.byteLength;
    if (byteCount > MOST_BYTES) {
      throw new CheckFailedError('bad_response', `the body is longer than ${MOST_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
