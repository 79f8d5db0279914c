import { createHash } from 'node:crypto';

/** A response, before it is known what carries it. Shared by all who ask, so nobody changes it. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; the same for GET and HEAD. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Instead of this one, for whoever has it already. Only what says that all is well has one. */
  readonly notModified?: Answer | undefined;
}

export interface Content {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Besides those that every answer has. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export const TEXT = 'text/plain; charset=utf-8';

/** An answer that nobody may keep. */
export function answerOf({ status, type, body, headers }: Content): Answer {
  return {
    status,
    body,
    headers: {
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  };
}

/**
 * An answer that may be kept, with a strong tag for asking again. Only for what does not fail: a
 * 304 is a success to all who probe.
 */
export function keptAnswerOf(content: Content, cacheControl: string): Answer {
  const headers = {
    ...content.headers,
    'cache-control': cacheControl,
    // Of the type too: another representation with the same bytes is another one.
    etag: `"${createHash('sha256').update(`${content.type}\n${content.body}`).digest('base64url')}"`,
  };
  const notModified: Answer = {
    status: 304,
    body: '',
    headers: { ...headers, 'x-content-type-options': 'nosniff' },
  };
  return { ...answerOf({ ...content, headers }), notModified };
}

/** The answer itself, or its 304. */
export function conditional(answer: Answer, ifNoneMatch: string | null | undefined): Answer {
  if (answer.notModified === undefined || ifNoneMatch === null || ifNoneMatch === undefined) {
    return answer;
  }
  // Weak comparison, as RFC 9110, 13.1.2 has it.
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  const isKnown = tags.includes('*') || tags.includes(answer.headers['etag'] ?? '');
  return isKnown ? answer.notModified : answer;
}

export const NOT_FOUND: Answer = answerOf({ status: 404, type: TEXT, body: 'not found\n' });

export const METHOD_NOT_ALLOWED: Answer = answerOf({
  status: 405,
  type: TEXT,
  body: 'method not allowed\n',
  headers: { allow: 'GET, HEAD' },
});
