import {
  type ArrivedRequest,
  clockOf,
  createDouble,
  type Double,
  type DoubleAnswer,
  type DoubleOptions,
  isObject,
  jsonAnswer,
  parseJson,
} from './double.ts';
import { isMailAddress, isSafeHeaders } from './mail-validation.ts';
import { rateWindow } from './rate-window.ts';

/** Options of {@link resendDouble}. */
export interface ResendDoubleOptions extends DoubleOptions {
  /**
   * Requests that the team may make in a second.
   * @default 2
   */
  readonly perSecond?: number | undefined;
}

/** A mail that was taken, once however often its request came. */
export interface ResendDoubleMail {
  readonly id: string;
  readonly idempotencyKey: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** A Resend with one key. */
export interface ResendDouble extends Double {
  readonly apiKey: string;
  /** What was taken, oldest first. */
  readonly mails: readonly ResendDoubleMail[];
}

const API_KEY = ['re', 'doubleXsecret', 'doubleXsecret'].join('_');
const DAY_MS = 86_400_000;

/**
 * Resend's `POST /emails`. Checks the key and the mail, keeps idempotency keys for 24 hours (the
 * same request again gets the same id and sends nothing, another body gets 409, a second while the
 * first is under way gets 409), and answers 429 with `ratelimit-*` and `retry-after` beyond 2
 * requests a second.
 */
export function resendDouble(options: ResendDoubleOptions = {}): ResendDouble {
  const clock = clockOf(options);
  const limitCount = options.perSecond ?? 2;
  const window = rateWindow(limitCount, 1_000);
  const mails: ResendDoubleMail[] = [];
  const seen = new Map<
    string,
    { readonly atMs: number; readonly body: string; readonly id: string }
  >();
  const running = new Set<string>();

  function send({ headers, body, atMs }: ArrivedRequest): DoubleAnswer {
    if (headers['authorization'] === undefined) {
      return fault(401, 'missing_api_key', 'Missing API key in the authorization header');
    }
    if (headers['authorization'] !== `Bearer ${API_KEY}`) {
      return fault(403, 'invalid_api_key', 'API key is invalid');
    }
    const key = headers['idempotency-key'];
    if (key !== undefined) {
      if (key === '' || key.length > 256) {
        return fault(400, 'invalid_idempotency_key', 'The key must be of 1 to 256 characters');
      }
      if (running.has(key)) return CONCURRENT;
      const before = seen.get(key);
      if (before !== undefined && before.atMs > atMs - DAY_MS) {
        return before.body === body ? jsonAnswer(200, { id: before.id }) : REUSED;
      }
    }
    const mail = parseJson(body);
    const problem = isObject(mail) ? problemOf(mail) : 'The body must be a JSON object';
    if (!isObject(mail) || problem !== undefined) {
      const name = problem?.startsWith('Missing') ? 'missing_required_field' : 'validation_error';
      return fault(422, name, problem ?? '');
    }
    const id = `00000000-0000-4000-8000-${String(mails.length + 1).padStart(12, '0')}`;
    mails.push({ id, idempotencyKey: key, ...fieldsOf(mail) });
    if (key !== undefined) seen.set(key, { atMs, body, id });
    return jsonAnswer(200, { id });
  }

  const double = createDouble({
    name: 'Resend',
    clock,
    owns: (url) => url.href === 'https://api.resend.com/emails',
    rateLimited: tooFast(limitCount, 1_000),
    serverError: fault(500, 'application_error', 'An unexpected error occurred'),
    answer(request) {
      if (request.method !== 'POST') return fault(405, 'method_not_allowed', 'Use POST');
      const waitMs = window.take(request.atMs);
      if (waitMs > 0) return tooFast(limitCount, waitMs);
      const answer = send(request);
      const remaining = window.remaining(request.atMs);
      return {
        ...answer,
        headers: { ...answer.headers, ...rateHeaders(limitCount, remaining, 1) },
      };
    },
    hold({ headers }) {
      const key = headers['idempotency-key'];
      if (key !== undefined) running.add(key);
      return () => void (key !== undefined && running.delete(key));
    },
  });
  return { ...double, apiKey: API_KEY, mails };
}

type Fields = Readonly<Record<string, unknown>>;

const CONCURRENT = fault(
  409,
  'concurrent_idempotent_requests',
  'Same idempotency key used while original request is still in progress',
);
const REUSED = fault(
  409,
  'invalid_idempotent_request',
  'Same idempotency key used with a different request payload',
);

function problemOf({ from, to, subject, text, html, headers }: Fields): string | undefined {
  if (from === undefined || to === undefined || subject === undefined) {
    return 'Missing `from`, `to` or `subject` field';
  }
  if (text === undefined && html === undefined) return 'Missing `html` or `text` field';
  if (!isMailAddress(from)) return 'Invalid `from` field';
  const recipients: readonly unknown[] = Array.isArray(to) ? to : [to];
  if (recipients.length === 0 || recipients.length > 50 || !recipients.every(isMailAddress)) {
    return 'Invalid `to` field';
  }
  if (typeof subject !== 'string' || /[\r\n]/.test(subject)) return 'Invalid `subject` field';
  if (headers !== undefined && !isSafeHeaders(headers)) return 'Invalid `headers` field';
  return undefined;
}

function fieldsOf(mail: Fields): Omit<ResendDoubleMail, 'id' | 'idempotencyKey'> {
  const { from, to, subject, text, html, headers } = mail as Fields & {
    readonly headers?: Readonly<Record<string, string>>;
  };
  return {
    from: String(from),
    to: (Array.isArray(to) ? to : [to]).map(String),
    subject: String(subject),
    text: typeof text === 'string' ? text : undefined,
    html: typeof html === 'string' ? html : undefined,
    headers: headers ?? {},
  };
}

function fault(statusCode: number, name: string, message: string): DoubleAnswer {
  return jsonAnswer(statusCode, { statusCode, name, message });
}

function tooFast(limitCount: number, waitMs: number): DoubleAnswer {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const answer = fault(
    429,
    'rate_limit_exceeded',
    `You can only make ${limitCount} requests per second`,
  );
  const headers = { 'retry-after': String(seconds), ...rateHeaders(limitCount, 0, seconds) };
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function rateHeaders(limit: number, remaining: number, reset: number): Record<string, string> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(reset),
  };
}
