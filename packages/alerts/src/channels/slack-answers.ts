import type { DeliveryError } from '../errors.ts';
import { type Answer, errorName, parseObject, refused } from './http-post.ts';

/** What Slack says when it is not the request's fault, by either API. Anything else is for good. */
const PASSING = new Set([
  'accesslimited',
  'fatal_error',
  'internal_error',
  'ratelimited',
  'rate_limited',
  'request_timeout',
  'rollup_error',
  'service_unavailable',
  'team_added_to_org',
]);

/**
 * What a webhook's answer says against its being a delivery: undefined only for 200 and the body
 * `ok`, since proxies and sign-in pages answer 200 as well. Errors are plain words.
 *
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export async function webhookFault(answer: Answer): Promise<DeliveryError | undefined> {
  const text = (await answer.text()).trim();
  if (answer.status === 200 && text === 'ok') return undefined;
  const { error, retry_after: retryAfter } = parseObject(text);
  const name = errorName(error) ?? errorName(text);
  if (name !== undefined) return named(answer, name, retryAfter);
  if (!answer.isOk) return refused(answer, { retryAfterMs: secondsToMs(retryAfter) });
  return refused(answer, { detail: 'something other than ok', retryable: true });
}

/** What a method of the Web API answered; `error` is undefined where it is `ok`. */
export interface MethodAnswer {
  readonly error: string | undefined;
  readonly fault: DeliveryError | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Methods answer errors with 200 and `ok: false`. */
export async function methodAnswer(answer: Answer): Promise<MethodAnswer> {
  const fields = parseObject(await answer.text());
  if (answer.isOk && fields['ok'] === true) return { error: undefined, fault: undefined, fields };
  const error = errorName(fields['error']);
  if (error !== undefined) {
    return { error, fault: named(answer, error, fields['retry_after']), fields };
  }
  const fault = answer.isOk
    ? refused(answer, { detail: 'something other than JSON with ok', retryable: true })
    : refused(answer);
  return { error: undefined, fault, fields };
}

/** 429 and 5xx may pass whatever they are called; of the others only those listed. */
function named(answer: Answer, name: string, retryAfter: unknown): DeliveryError {
  const retryable = PASSING.has(name) || answer.status >= 500 || answer.status === 429;
  const retryAfterMs = secondsToMs(retryAfter);
  return refused(answer, { detail: name, retryable, retryAfterMs });
}

/** The header is preferred: `refused` reads it where this is undefined. */
function secondsToMs(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && seconds >= 0 && seconds <= 86_400
    ? seconds * 1_000
    : undefined;
}
