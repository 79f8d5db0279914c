/** Why a request was refused as a whole. */
export type RequestRefusalReason =
  | 'method'
  | 'origin'
  | 'unauthorized'
  | 'rate_limited'
  | 'content_type'
  | 'content_encoding'
  | 'too_large'
  | 'malformed'
  | 'aborted'
  | 'body_timeout'
  | 'overloaded'
  | 'closed'
  | 'auth_failed'
  | 'sink_failed'
  | 'internal';

interface RefusalOptions extends ErrorOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** When the client may send it again; a number is in seconds. */
  readonly retry?: keyof RetryAfter | number | undefined;
}

/** Ends the handling of a request with an answer other than 200. Internal; never leaves the handler. */
export class RequestRefusal extends Error {
  override readonly name = 'RequestRefusal';
  readonly status: number;
  readonly reason: RequestRefusalReason;
  readonly headers: Readonly<Record<string, string>>;
  readonly retry: keyof RetryAfter | number | undefined;

  /** `message` is sent to the client; the cause is not. */
  constructor(
    status: number,
    reason: RequestRefusalReason,
    message: string,
    { headers = {}, retry, ...options }: RefusalOptions = {},
  ) {
    super(message, options);
    this.status = status;
    this.reason = reason;
    this.headers = headers;
    this.retry = retry;
  }
}

/** What clients are asked to wait, in whole seconds. */
export interface RetryAfter {
  /** When there is no place, or an event is to be sent again: writes take less. */
  readonly soon: number;
  /** When the sink fails: what is down comes back in seconds, if not in minutes. */
  readonly later: number;
}

export function retryAfterOf(ms: number): RetryAfter {
  const later = Math.ceil(ms / 1000);
  return { soon: Math.min(1, later), later };
}

/** 503: there is no place for it now. */
export function overloaded(message: string): RequestRefusal {
  return new RequestRefusal(503, 'overloaded', message, { retry: 'soon' });
}
