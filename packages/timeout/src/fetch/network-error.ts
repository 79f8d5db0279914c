/**
 * Where a failed request got to: it never left; it may have arrived; the other side did not prove who
 * it is; it is one that can never be sent.
 */
export type NetworkFailure = 'not-sent' | 'ambiguous' | 'untrusted' | 'unsendable';

/** No connection was made, so nothing was sent. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** The connection was lost, or was silent too long, with the request possibly at the other side. */
const AMBIGUOUS: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_GOAWAY_SESSION',
]);
/** What browsers, Deno and Bun say without a code, when a request of theirs fails. */
const MESSAGES: ReadonlySet<string> = new Set([
  'Failed to fetch', // Chromium
  'Load failed', // WebKit
  'NetworkError when attempting to fetch resource.', // Firefox
  'The Internet connection appears to be offline.', // WebKit
  'The network connection was lost.', // WebKit
  'Network request failed', // React Native
  'terminated', // undici, in the middle of a body
]);
/** Certificates that are refused, and handshakes that fail: no repetition helps. */
const UNTRUSTED = /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;
const UNSENDABLE = /^(?:ERR_INVALID_|UND_ERR_INVALID_|UND_ERR_NOT_SUPPORTED)/;
const UNSENDABLE_MESSAGES: ReadonlySet<string> = new Set([
  'bad port',
  'unknown scheme',
  'URL scheme must be a HTTP(S) scheme',
]);
/** Chains of causes are followed this far; they can be circular. */
const DEEPEST_CAUSE = 6;

/**
 * Reads a rejection of `fetch`: its code, or that of its causes (undici hides the system's error
 * there), or the wording of the runtimes that give no code. `undefined` when it is not a failure of
 * the network.
 */
export function networkFailureOf(error: unknown): NetworkFailure | undefined {
  return search(error, DEEPEST_CAUSE) ?? byMessage(error);
}

function search(error: unknown, depth: number): NetworkFailure | undefined {
  if (depth === 0 || !(error instanceof Error)) return undefined;
  return (
    severalAddresses(error, depth) ??
    byCode(error) ??
    (UNSENDABLE_MESSAGES.has(error.message) ? 'unsendable' : search(error.cause, depth - 1))
  );
}

/** A host with several addresses gives an AggregateError; nothing was sent only if none got through. */
function severalAddresses(error: Error, depth: number): NetworkFailure | undefined {
  if (!(error instanceof AggregateError)) return undefined;
  const failures = new Set(error.errors.map((each) => search(each, depth - 1)));
  for (const worst of ['ambiguous', 'untrusted', 'not-sent'] as const) {
    if (failures.has(worst)) return worst;
  }
  return undefined;
}

function byCode(error: Error): NetworkFailure | undefined {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  if (typeof code !== 'string') return undefined;
  // Of a connection that was never made, whatever went wrong with it.
  if (NOT_SENT.has(code) || (syscall === 'connect' && AMBIGUOUS.has(code))) return 'not-sent';
  if (AMBIGUOUS.has(code) || code.startsWith('HPE_')) return 'ambiguous';
  if (UNTRUSTED.test(code)) return 'untrusted';
  return UNSENDABLE.test(code) ? 'unsendable' : undefined;
}

function byMessage(error: unknown): NetworkFailure | undefined {
  return error instanceof TypeError && MESSAGES.has(error.message) ? 'ambiguous' : undefined;
}
