import { callable, type Fault, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckContext, ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import { classifyError } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';
import { record } from '../record.ts';
import {
  DEFAULT_MAX_BODY_BYTES,
  exchange,
  isSuccess,
  maxBodyBytes,
  plainUrl,
} from './http-exchange.ts';
import { type ResponseTimeOptions, responseTimeOptions, timed } from './response-time.ts';

/** Headers to send, by name. */
export type HttpHeaders = Readonly<Record<string, string>>;

/** What is accepted as an answer. */
export interface HttpExpectation {
  /** The statuses that pass. Default: 200 to 299. */
  readonly status?: number | readonly number[] | ((status: number) => boolean) | undefined;
  /** Judges the body of an answer with an expected status: text, as UTF-8. Default: not read. */
  readonly body?: ((text: string) => boolean | Promise<boolean>) | undefined;
}

/** Options of {@link http}. */
export interface HttpOptions extends CheckPolicy, ResponseTimeOptions {
  /** Absolute, http or https, without a user and password: those belong into `headers`. */
  readonly url: string | URL;
  /** @default 'GET' */
  readonly method?: string | undefined;
  /** Sent with the request; a function is asked at each attempt, within its time limit. */
  readonly headers?:
    | HttpHeaders
    | ((context: CheckContext) => HttpHeaders | Promise<HttpHeaders>)
    | undefined;
  /** Sent with the request, of another method than GET and HEAD. */
  readonly body?: string | undefined;
  readonly expect?: HttpExpectation | undefined;
  /**
   * `none`: a redirect is judged by its status. `same-origin`: up to 5 are followed for GET and
   * HEAD, with the headers, as long as they stay at scheme, host and port; another one fails.
   * @default 'none'
   */
  readonly redirect?: 'none' | 'same-origin' | undefined;
  /**
   * Bytes of the body, unpacked, that are read for `expect.body`; a longer one fails. At most 16 MiB.
   * @default 65536
   */
  readonly maxBodyBytes?: number | undefined;
  /** What sends the request. Default: `globalThis.fetch`, looked up at each attempt. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

type ExpectedStatus = NonNullable<HttpExpectation['status']>;

const statusNumber = z.number().int().min(100).max(599);

const expectation = z.strictObject({
  status: z
    .custom<ExpectedStatus>(
      (value) =>
        typeof value === 'function' ||
        statusNumber.or(z.array(statusNumber).min(1)).safeParse(value).success,
      { error: 'expected a status from 100 to 599, several, or a function' },
    )
    .optional(),
  body: callable<NonNullable<HttpExpectation['body']>>().optional(),
} satisfies Shape<HttpExpectation>);

const schema = z.strictObject({
  ...checkPolicy,
  ...responseTimeOptions,
  url: plainUrl,
  method: z
    .string()
    .regex(/^[A-Za-z]+$/, { error: 'expected an HTTP method' })
    .optional(),
  headers: z
    .custom<NonNullable<HttpOptions['headers']>>(
      (value) =>
        typeof value === 'function' || z.record(z.string(), z.string()).safeParse(value).success,
      { error: 'expected names with strings, or a function' },
    )
    .optional(),
  body: z.string().optional(),
  expect: expectation.optional(),
  redirect: z.enum(['none', 'same-origin']).optional(),
  maxBodyBytes,
  fetch: callable<typeof globalThis.fetch>().optional(),
} satisfies Shape<HttpOptions>);

/**
 * Passes when a request is answered with an expected status and, if asked for, an expected body.
 * Tells how long the answer took (`responseTime`, body included), and warns from `warn` on.
 *
 * Redirects are not followed: credentials would travel with them, and a login page is no sign of
 * health. A body that is not asked for is not read but cancelled, so no socket is left. Codes: 401
 * and 403 give `auth`, 429 `rate_limited`, another unexpected status or body `bad_response`;
 * without a response `refused`, `dns`, `tls` or `timeout`; too slow `threshold`.
 *
 * Neither the URL nor any header nor the body gets into a message.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function http(options: HttpOptions): ExternalCheckSpec {
  const {
    url,
    method,
    headers,
    body,
    expect,
    redirect,
    maxBodyBytes: maxBytes = DEFAULT_MAX_BODY_BYTES,
    fetch,
    warn,
    clock,
    ...policy
  } = parseOptions(schema, options, {
    of: 'http',
    secretKeys: ['url', 'headers', 'body'],
    further: bodyFaults,
  });
  const look = async (context: CheckContext): Promise<void> => {
    const { text } = await exchange({
      url,
      method,
      headers: await headersOf(headers, context),
      body,
      fetch,
      followsRedirects: redirect === 'same-origin',
      isExpected: (status) => isExpected(status, expect?.status),
      maxBodyBytes: expect?.body === undefined ? 0 : maxBytes,
      signal: context.signal,
    });
    if (expect?.body !== undefined) await judgeBody(text, expect.body);
  };
  return {
    ...policy,
    external: true,
    run: (context) => timed(() => look(context), { warn, clock }),
  };
}

function bodyFaults(options: unknown): Fault[] {
  const { body, method = 'GET' } = record(options);
  if (body === undefined || typeof method !== 'string' || !/^(GET|HEAD)$/i.test(method)) return [];
  return [{ path: ['body'], message: `${method} sends none; choose another method` }];
}

async function headersOf(
  headers: HttpOptions['headers'],
  context: CheckContext,
): Promise<HttpHeaders> {
  if (typeof headers !== 'function') return headers ?? {};
  try {
    return await headers(context);
  } catch (error) {
    // What a token source says when it fails is too likely to hold the token.
    throw new CheckFailedError(classifyError(error), 'headers() failed', { cause: error });
  }
}

function isExpected(status: number, expected: ExpectedStatus | undefined): boolean {
  if (expected === undefined) return isSuccess(status);
  if (typeof expected === 'number') return status === expected;
  return typeof expected === 'function' ? expected(status) : expected.includes(status);
}

/** Only `true` is a yes. What the predicate throws may quote the body, as `JSON.parse` does. */
async function judgeBody(
  text: string,
  isBodyExpected: NonNullable<HttpExpectation['body']>,
): Promise<void> {
  let verdict: unknown;
  try {
    verdict = await isBodyExpected(text);
  } catch (error) {
    throw new CheckFailedError('bad_response', 'expect.body() threw', { cause: error });
  }
  if (verdict !== true) throw new CheckFailedError('bad_response', 'the body is not the expected');
}
