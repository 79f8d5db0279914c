import { OUTCOME_CODES, type Status } from '../status.ts';
import type { PageAnswer } from './get-page.ts';

/** What an answer means. */
export interface Verdict {
  readonly status: Status;
  /** Why: codes, with the name of a check before them. Empty for a pass. */
  readonly reasons: readonly string[];
}

/**
 * Of the body and the HTTP status, the worse. A warning may come with 2xx, or with 429 as Consul has
 * it. A JSON page whose status cannot be understood fails; one without a status is judged as any
 * other page, by its HTTP status, unless it claims to be `application/health+json`.
 */
export function judgePage({ httpStatus, mediaType, text }: PageAnswer): Verdict {
  const isGood = httpStatus >= 200 && httpStatus <= 299;
  const byHttp: Verdict = isGood ? PASS : failing([httpCode(httpStatus)]);
  if (!mediaType.endsWith('json')) {
    const names = isGood ? [] : kubeReasons(text);
    return names.length === 0 ? byHttp : failing(names);
  }
  const body = jsonObject(text);
  if (body === undefined) return isGood ? failing(['bad_response: not JSON']) : byHttp;
  if (typeof body['status'] !== 'string' && mediaType !== 'application/health+json') return byHttp;
  const status = statusIn(body);
  if (status === undefined) return failing(['bad_response: no status that is known']);
  if (status === 'pass') {
    return isGood ? PASS : failing([`${httpCode(httpStatus)}: it says pass`]);
  }
  const reasons = jsonReasons(body);
  if (status === 'warn' && (isGood || httpStatus === 429)) return { status, reasons };
  return failing(reasons.length === 0 ? ['bad_response'] : reasons);
}

const PASS: Verdict = { status: 'pass', reasons: [] };

function failing(reasons: readonly string[]): Verdict {
  return { status: 'fail', reasons };
}

function httpCode(httpStatus: number): string {
  if (httpStatus === 401 || httpStatus === 403) return 'auth';
  return httpStatus === 429 ? 'rate_limited' : 'bad_response';
}

/** Of the draft, of Spring and of MicroProfile; `warn` has no alias. */
const STATUSES: ReadonlyMap<string, Status> = new Map([
  ['pass', 'pass'],
  ['ok', 'pass'],
  ['up', 'pass'],
  ['warn', 'warn'],
  ['fail', 'fail'],
  ['error', 'fail'],
  ['down', 'fail'],
]);

type JsonObject = Readonly<Record<string, unknown>>;

function jsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}

function statusIn(value: unknown): Status | undefined {
  const { status } = Object(value) as JsonObject;
  return typeof status === 'string' ? STATUSES.get(status.toLowerCase()) : undefined;
}

/** A name as checks have them; what else a foreign page may hold there is not printed. */
const NAME = /^[\w.-]{1,64}(?::[\w.-]{1,64})?$/;

/** What is said of the whole, as `shutting_down`, then of each check that does not pass. */
function jsonReasons({ output, checks }: JsonObject): readonly string[] {
  return [
    codeIn(output),
    // MicroProfile has a list with names, the others an object by name.
    ...(Array.isArray(checks) ? checks.map(named) : Object.entries(Object(checks) as object)).map(
      ([name, entries]) => reasonOf(name, [entries].flat()),
    ),
  ].filter((reason) => reason !== '');
}

function named(entry: unknown): [string, unknown] {
  const { name } = Object(entry) as JsonObject;
  return [typeof name === 'string' ? name : '', entry];
}

function reasonOf(name: string, entries: readonly unknown[]): string {
  const bad = entries.find((entry) => (statusIn(entry) ?? 'pass') !== 'pass');
  if (bad === undefined || !NAME.test(name)) return '';
  const { output, data } = Object(bad) as JsonObject;
  const { code } = Object(data) as JsonObject;
  return `${name} ${codeIn(output) || codeIn(code)}`.trimEnd();
}

/** The code before the message, which may hold anything and is not printed. */
function codeIn(output: unknown): string {
  const [word] = typeof output === 'string' ? output.split(':', 1) : [];
  return OUTCOME_CODES.find((code) => code === word) ?? '';
}

/** Of lines as `[-]database failed: timeout`; `reason withheld` says no more than the name. */
function kubeReasons(text: string): readonly string[] {
  return [...text.matchAll(/^\[-\](\S{1,129}) failed: (.*)$/gm)].flatMap(([, name = '', reason]) =>
    NAME.test(name) ? [`${name} ${codeIn(reason)}`.trimEnd()] : [],
  );
}
