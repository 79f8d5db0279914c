import { RequestRefusal } from './request-refusal.ts';

/** What browsers on other origins may do, durations in milliseconds. */
export interface ParsedCors {
  readonly origins: readonly string[] | '*';
  readonly credentials: boolean;
  readonly maxAge: number;
}

/** Answers preflights, and gives every answer, refusals too, the headers that let a page read it. */
export interface Cors {
  /** The methods, for `allow`. */
  readonly methods: string;
  /**
   * The answer to an OPTIONS request.
   *
   * @throws RequestRefusal 403 for an origin that is not allowed
   */
  preflight(request: Request): Response;
  /** Headers for any answer. */
  headersFor(request: Request): Readonly<Record<string, string>>;
}

/** What the clients of all dialects send besides what needs no permission. */
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  'content-encoding',
  'posthog-sdk-info',
  'posthog-attempt',
  'posthog-request-id',
  'posthog-request-timestamp',
  'x-retry-count',
].join(', ');

/**
 * The origin is echoed rather than answered with `*`, because `sendBeacon` always sends credentials,
 * and a browser refuses `*` then.
 */
export function createCors({ origins, credentials, maxAge }: ParsedCors): Cors {
  const isAnyone = origins === '*';
  const allowedOrigin = (request: Request): string | undefined => {
    if (isAnyone) return '*';
    const origin = request.headers.get('origin');
    return origin !== null && origins.includes(origin) ? origin : undefined;
  };
  const headersFor = (request: Request): Record<string, string> => {
    const origin = allowedOrigin(request);
    return {
      // A cache must not give one origin's answer to another, nor an answer without an origin.
      ...(!isAnyone && { vary: 'Origin' }),
      ...(origin !== undefined && {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'Retry-After',
        ...(credentials && { 'access-control-allow-credentials': 'true' }),
      }),
    };
  };
  return {
    methods: 'POST, OPTIONS',
    headersFor,
    preflight(request) {
      if (allowedOrigin(request) === undefined) {
        throw new RequestRefusal(403, 'origin', 'Pages of this origin may not send');
      }
      const headers = {
        allow: 'POST, OPTIONS',
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': REQUEST_HEADERS,
        'access-control-max-age': String(Math.floor(maxAge / 1000)),
      };
      return new Response(null, { status: 204, headers });
    },
  };
}
