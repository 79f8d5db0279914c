/** Why a request was refused as a whole. */
export type RequestRefusalReason =
  | 'method'
  | 'unauthorized'
  | 'content_type'
  | 'content_encoding'
  | 'too_large'
  | 'malformed'
  | 'body_timeout'
  | 'overloaded'
  | 'auth_failed'
  | 'sink_failed'
  | 'internal';

/** Ends the handling of a request with an answer other than 200. Internal; never leaves the handler. */
export class RequestRefusal extends Error {
  override readonly name = 'RequestRefusal';
  readonly status: number;
  readonly reason: RequestRefusalReason;
  readonly headers: Readonly<Record<string, string>>;

  /** `message` is sent to the client; the cause is not. */
  constructor(
    status: number,
    reason: RequestRefusalReason,
    message: string,
    options: ErrorOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, options);
    this.status = status;
    this.reason = reason;
    this.headers = options.headers ?? {};
  }
}
