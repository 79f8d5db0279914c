import { OUTCOME_CODES, type OutcomeCode } from './status.ts';

/** Codes of Node, of its TLS and of undici, by what they mean to an operator. */
const CODES: readonly (readonly [OutcomeCode, RegExp])[] = [
  ['timeout', /^(ETIMEDOUT|ERR_OPS_TIMEOUT|UND_ERR_\w+_TIMEOUT)$/],
  ['dns', /^(ENOTFOUND|EAI_\w+)$/],
  [
    'refused',
    /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|UND_ERR_SOCKET)$/,
  ],
  [
    'tls',
    /^(ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|EPROTO|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/,
  ],
  // What is not HTTP, or is not compressed as it says.
  [
    'bad_response',
    /^(HPE_\w+|HTTPParserError|UND_ERR_(HEADERS_OVERFLOW|RES_\w+)|Z_\w+_ERROR|ERR__ERROR_FORMAT_\w+|ZSTD_\w+)$/,
  ],
];

/** A cause of a cause of a cause is rare; a chain without end is an attack. */
const DEEPEST = 8;

/** Which code a thrown value stands for: its own, or the first that its causes tell. */
export function classifyError(error: unknown, depth = 0): Exclude<OutcomeCode, 'ok'> {
  if (typeof error !== 'object' || error === null || depth > DEEPEST) return 'error';
  const code = codeOf(error);
  if (code === 'ERR_OPS_CHECK_FAILED') {
    const outcome = OUTCOME_CODES.find((known) => known === read(error, 'outcome'));
    if (outcome !== undefined && outcome !== 'ok') return outcome;
  }
  if (read(error, 'name') === 'TimeoutError') return 'timeout';
  const known = code !== undefined && CODES.find(([, pattern]) => pattern.test(code));
  if (known) return known[0] as Exclude<OutcomeCode, 'ok'>;
  const causes = [read(error, 'cause'), ...firstOf(read(error, 'errors'))];
  for (const cause of causes) {
    const found = classifyError(cause, depth + 1);
    if (found !== 'error') return found;
  }
  return 'error';
}

/** The system's own word for the fault, as `ECONNREFUSED`; nothing that could carry data. */
export function systemCodeOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > DEEPEST) return undefined;
  const code = codeOf(error);
  if (code !== undefined && CODES.some(([, pattern]) => pattern.test(code))) return code;
  for (const cause of [read(error, 'cause'), ...firstOf(read(error, 'errors'))]) {
    const found = systemCodeOf(cause, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** undici's parser gives its errors a name and no code. */
function codeOf(error: object): string | undefined {
  const code = read(error, 'code') ?? read(error, 'name');
  return typeof code === 'string' ? code : undefined;
}

/** Reads a property of a value that may be hostile: a getter or a proxy may throw. */
export function read(from: object, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** An AggregateError of a host with both address families holds one error an address. */
function firstOf(errors: unknown): readonly unknown[] {
  return Array.isArray(errors) ? errors.slice(0, 2) : [];
}
