import type { Duration } from '@ops/timeout';
import { callable, durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckContext, ExternalCheckSpec } from '../check.ts';
import { classifyError, systemCodeOf } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';

/** Headers to send, by name. */
export type HttpHeaders = Readonly<Record<string, string>>;

/** Options of {@link http}. */
export interface HttpOptions {
  /** Absolute, http or https, without a user and password: those belong into `headers`. */
  readonly url: string | URL;
  /** @default 'GET' */
  readonly method?: string | undefined;
  /** Sent with the request; a function is asked at each attempt. */
  readonly headers?:
    | HttpHeaders
    | ((context: CheckContext) => HttpHeaders | Promise<HttpHeaders>)
    | undefined;
  readonly expect?:
    | {
        /** The statuses that pass. Default: 200 to 299. */
        readonly status?: number | readonly number[] | ((status: number) => boolean) | undefined;
      }
    | undefined;
  /** Covers `headers` too. Default: `defaults.timeout`. */
  readonly timeout?: Duration | undefined;
  /** Default: `defaults.ttl`. */
  readonly ttl?: Duration | undefined;
  /** Default: `defaults.maxStale`. */
  readonly maxStale?: Duration | undefined;
  /** @default true */
  readonly critical?: boolean | undefined;
  /** What sends the request. Default: `globalThis.fetch`, looked up at each attempt. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

type ExpectedStatus = NonNullable<NonNullable<HttpOptions['expect']>['status']>;

const statusNumber = z.number().int().min(100).max(599);

const limit = durationMs({ isMinExcluded: true });
const schema = z.strictObject({
  url: z.custom<string | URL>(isPlainUrl, {
    error: 'expected an absolute http or https URL without user and password',
  }),
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
  expect: z
    .strictObject({
      status: z
        .custom<ExpectedStatus>(
          (value) =>
            typeof value === 'function' ||
            statusNumber.or(z.array(statusNumber).min(1)).safeParse(value).success,
          { error: 'expected a status from 100 to 599, several, or a function' },
        )
        .optional(),
    })
    .optional(),
  timeout: limit.optional(),
  ttl: limit.optional(),
  maxStale: limit.optional(),
  critical: z.boolean().optional(),
  fetch: callable<typeof globalThis.fetch>().optional(),
} satisfies Shape<HttpOptions>);

function isPlainUrl(value: unknown): boolean {
  const url = URL.parse(String(value));
  return /^https?:$/.test(url?.protocol ?? '') && url?.username === '' && url.password === '';
}

/**
 * Passes when a request is answered with an expected status.
 *
 * Redirects are not followed: credentials would travel with them, and a login page is no sign of
 * health. A redirect passes only when its status is expected. The body is not read but cancelled,
 * so no socket is left. Codes: 401 and 403 give `auth`, 429 `rate_limited`, another unexpected
 * status `bad_response`; without a response `refused`, `dns`, `tls` or `timeout`.
 *
 * Neither the URL nor any header gets into a message.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function http(options: HttpOptions): ExternalCheckSpec {
  const {
    url,
    method = 'GET',
    expect,
  } = parseOptions(schema, options, {
    of: 'http',
    secretKeys: ['url', 'headers'],
  });
  const { timeout, ttl, maxStale, critical, headers, fetch: send } = options;
  return {
    external: true,
    timeout,
    ttl,
    maxStale,
    critical,
    run: async (context) => {
      const init = {
        method,
        headers: await headersOf(headers, context),
        redirect: 'manual' as const,
        signal: context.signal,
      };
      const response = await request(send ?? globalThis.fetch, url, init);
      // Cancelling may fail when the connection has just gone; the status is known all the same.
      await response.body?.cancel().catch(() => {});
      judge(response.status, expect?.status);
    },
  };
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

async function request(
  send: typeof globalThis.fetch,
  url: string | URL,
  init: RequestInit,
): Promise<Response> {
  try {
    return await send(url, init);
  } catch (error) {
    // Not its message: fetch quotes a header value that it does not like.
    const reason = systemCodeOf(error) ?? 'the request could not be sent';
    throw new CheckFailedError(classifyError(error), `no response: ${reason}`, { cause: error });
  }
}

function judge(status: number, expected: ExpectedStatus | undefined): void {
  if (isExpected(status, expected)) return;
  const message = `unexpected status ${status}`;
  if (status === 401 || status === 403) throw new CheckFailedError('auth', message);
  if (status === 429) throw new CheckFailedError('rate_limited', message);
  throw new CheckFailedError('bad_response', message);
}

function isExpected(status: number, expected: ExpectedStatus | undefined): boolean {
  if (expected === undefined) return status >= 200 && status <= 299;
  if (typeof expected === 'number') return status === expected;
  return typeof expected === 'function' ? expected(status) : expected.includes(status);
}
