import { positiveInteger } from '@ops/timeout/options';
import * as z from 'zod';
import { classifyError, systemCodeOf } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';
import { readBody } from './read-body.ts';

/** A request and what is accepted as its answer. */
export interface Exchange {
  readonly url: string | URL;
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** Default: `globalThis.fetch`, looked up at each request. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly followsRedirects?: boolean | undefined;
  /** Whether an answer of this status is wanted. */
  isExpected(status: number): boolean;
  /** The body's bound; 0 cancels the body unread. */
  readonly maxBodyBytes: number;
  readonly signal: AbortSignal;
}

/** An answer of a status that was expected. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty unless the body was read. */
  readonly text: string;
}

/** 64 KiB: some ten times a health page of 30 checks, or a key set of 30 keys. */
export const DEFAULT_MAX_BODY_BYTES = 65_536;

/** The shape of a body's bound, up to 16 MiB. */
export const maxBodyBytes: z.ZodOptional<z.ZodType<number, number>> = positiveInteger
  .refine((bytes) => bytes <= 16_777_216, 'expected at most 16777216')
  .optional();

/** An absolute http or https URL that holds no credentials where they would be logged. */
export const plainUrl: z.ZodType<string | URL, string | URL> = z.custom<string | URL>(isPlainUrl, {
  error: 'expected an absolute http or https URL without user and password',
});

function isPlainUrl(value: unknown): boolean {
  const url = URL.parse(String(value));
  return /^https?:$/.test(url?.protocol ?? '') && url?.username === '' && url.password === '';
}

/** Redirects that are followed at most: enough for a trailing slash and a login that moved. */
const MOST_REDIRECTS = 5;

/**
 * Sends the request. Nothing of the URL, the headers or the body gets into a message.
 *
 * @throws CheckFailedError when there is no answer, or one of an unexpected status.
 */
export async function exchange(request: Exchange): Promise<Answer> {
  let url = new URL(request.url);
  for (let hops = 0; ; hops += 1) {
    const response = await send(url, request);
    const next = nextUrl(response, url, request);
    if (next === undefined) return answerOf(response, request);
    discard(response);
    if (next.origin !== url.origin) {
      throw new CheckFailedError('bad_response', 'redirected to another origin, not followed');
    }
    if (hops === MOST_REDIRECTS) {
      throw new CheckFailedError('bad_response', `redirected more than ${MOST_REDIRECTS} times`);
    }
    url = next;
  }
}

/** Where an answer leads, when redirects are followed and it is one that was not asked for. */
function nextUrl(response: Response, url: URL, request: Exchange): URL | undefined {
  const { followsRedirects = false, method = 'GET' } = request;
  // To follow another method is to guess whether it is to be repeated.
  if (!followsRedirects || !/^(GET|HEAD)$/i.test(method)) return undefined;
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  if (request.isExpected(response.status)) return undefined;
  return URL.parse(response.headers.get('location') ?? '', url.href) ?? undefined;
}

async function send(url: URL, request: Exchange): Promise<Response> {
  const { method = 'GET', headers = {}, body, fetch = globalThis.fetch, signal } = request;
  try {
    return await fetch(url, { method, headers, body: body ?? null, redirect: 'manual', signal });
  } catch (error) {
    // Not its message: fetch quotes a header value that it does not like.
    const reason = systemCodeOf(error) ?? 'the request could not be sent';
    throw new CheckFailedError(classifyError(error), `no response: ${reason}`, { cause: error });
  }
}

async function answerOf(response: Response, request: Exchange): Promise<Answer> {
  const { status, headers } = response;
  let isWanted = false;
  try {
    isWanted = request.isExpected(status);
  } finally {
    // Cancelled, so no connection is left with a body that nobody reads.
    if (!isWanted || request.maxBodyBytes === 0) discard(response);
  }
  if (!isWanted) throw unexpectedStatus(status);
  if (request.maxBodyBytes === 0) return { status, headers, text: '' };
  return {
    status,
    headers,
    text: await readBody(response.body, request.maxBodyBytes, request.signal),
  };
}

function discard(response: Response): void {
  // It may fail when the connection has just gone; the status is known all the same.
  response.body?.cancel().catch(() => {});
}

function unexpectedStatus(status: number): CheckFailedError {
  const message = `unexpected status ${status}`;
  if (status === 401 || status === 403) return new CheckFailedError('auth', message);
  if (status === 429) return new CheckFailedError('rate_limited', message);
  return new CheckFailedError('bad_response', message);
}

/** Whether a status is one of success. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** The object that a JSON text holds. A message of `JSON.parse` would quote the text. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CheckFailedError('bad_response', 'the body is not JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new CheckFailedError('bad_response', 'the body is not a JSON object');
}
