/** Methods whose repetition has the effect of one, RFC 9110, section 9.2.2. */
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
]);

/** Tells a server that keeps it which requests are repetitions of one. */
export const IDEMPOTENCY_HEADER = 'idempotency-key';

/**
 * Whether sending the request twice does no harm: what the caller says, otherwise by the method, and
 * any request with an `Idempotency-Key`.
 */
export function isIdempotent(
  method: string,
  headers: Headers,
  stated: boolean | undefined,
): boolean {
  return (
    stated ?? (IDEMPOTENT_METHODS.has(method.toUpperCase()) || headers.has(IDEMPOTENCY_HEADER))
  );
}
