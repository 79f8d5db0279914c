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
import { type RateWindow, rateWindow } from './rate-window.ts';
import { mentionsIn, slackFault } from './slack-validation.ts';

/** Options of {@link slackDouble}. */
export interface SlackDoubleOptions extends DoubleOptions {
  /**
   * Messages that a webhook or channel takes in a second.
   * @default 1
   */
  readonly perSecond?: number | undefined;
}

/** A message as it stands in the channel. */
export interface SlackDoubleMessage {
  readonly channel: string;
  readonly ts: string;
  readonly text: string;
  readonly blocks: readonly unknown[];
  /** Set on an answer in a thread. */
  readonly threadTs: string | undefined;
  /** An answer that is shown in the channel too. */
  readonly isBroadcast: boolean;
  /** Whom it calls: `!channel`, `@U123`. */
  readonly mentions: readonly string[];
  /** How often `chat.update` changed it. */
  readonly updateCount: number;
}

/** A Slack with one webhook, one bot and one channel. */
export interface SlackDouble extends Double {
  readonly webhookUrl: string;
  readonly token: string;
  readonly channel: string;
  /** What stands in the channel and its threads, oldest first. */
  readonly messages: readonly SlackDoubleMessage[];
  /** As a person would: the message is gone, and cannot be updated or answered. */
  remove(ts: string): void;
}

const WEBHOOK_URL = 'https://hooks.slack.com/services/T00000000/B00000000/doubleXsecretXdoubleXse';
const TOKEN = ['xoxb', '000000000000', 'doubleXsecret'].join('-');
const CHANNEL = 'C00000000';

/**
 * Slack's incoming webhook, `chat.postMessage` and `chat.update`. Checks the whole message against
 * the limits of Block Kit, and answers as Slack does: plain words at the webhook, `ok: false` at the
 * methods, 429 with `Retry-After` when messages come faster than one a second (50 updates a minute).
 * What it refuses is not delivered.
 */
export function slackDouble(options: SlackDoubleOptions = {}): SlackDouble {
  const clock = clockOf(options);
  const intervalMs = 1_000 / (options.perSecond ?? 1);
  const posts = rateWindow(1, intervalMs);
  const updates = rateWindow(50, 60_000);
  const messages: SlackDoubleMessage[] = [];
  const find = (ts: unknown): number => messages.findIndex((message) => message.ts === ts);

  function post(fields: Fields, threadTs?: string): SlackDoubleMessage {
    const { text, blocks } = fields;
    const message = {
      channel: CHANNEL,
      ts: `${1_700_000_000 + messages.length}.000100`,
      text: typeof text === 'string' ? text : '',
      blocks: Array.isArray(blocks) ? blocks : [],
      threadTs,
      isBroadcast: fields['reply_broadcast'] === true,
      mentions: mentionsIn(fields),
      updateCount: 0,
    };
    messages.push(message);
    return message;
  }

  function webhook({ body }: ArrivedRequest): DoubleAnswer {
    const fields = parseJson(body);
    if (!isObject(fields)) return { status: 400, body: 'invalid_payload' };
    const fault = slackFault(fields);
    if (fault !== undefined) return { status: 400, body: fault };
    post(fields);
    return { status: 200, body: 'ok', headers: { 'content-type': 'text/plain' } };
  }

  function postMessage(fields: Fields): DoubleAnswer {
    const { thread_ts: threadTs } = fields;
    if (threadTs === undefined) return posted(post(fields));
    if (typeof threadTs !== 'string' || find(threadTs) < 0) return failed('thread_not_found');
    return posted(post(fields, threadTs));
  }

  function update(fields: Fields): DoubleAnswer {
    const index = find(fields['ts']);
    const message = messages[index];
    if (message === undefined) return failed('message_not_found');
    const { text, blocks } = fields;
    messages[index] = {
      ...message,
      text: typeof text === 'string' ? text : message.text,
      blocks: Array.isArray(blocks) ? blocks : message.blocks,
      mentions: mentionsIn(fields),
      updateCount: message.updateCount + 1,
    };
    return posted(message);
  }

  function method(request: ArrivedRequest): DoubleAnswer {
    const { authorization = '' } = request.headers;
    if (authorization === '') return failed('not_authed');
    if (authorization !== `Bearer ${TOKEN}`) return failed('invalid_auth');
    const fields = parseJson(request.body);
    if (!isObject(fields)) return failed('invalid_json');
    const { channel } = fields;
    if (channel !== CHANNEL && channel !== '#ops') return failed('channel_not_found');
    const fault = slackFault(fields);
    if (fault !== undefined) return failed(fault);
    return request.path === '/api/chat.update' ? update(fields) : postMessage(fields);
  }

  const double = createDouble({
    name: 'Slack',
    clock,
    owns: (url) => url.href === WEBHOOK_URL || METHODS.has(`${url.origin}${url.pathname}`),
    rateLimited: tooFast('rate_limited', 1_000),
    serverError: { status: 500, body: 'rollup_error' },
    answer(request) {
      if (request.method !== 'POST') return { status: 405, body: 'method_not_allowed' };
      const isMethod = request.path.startsWith('/api/');
      const window: RateWindow = request.path === '/api/chat.update' ? updates : posts;
      const waitMs = window.take(request.atMs);
      if (waitMs > 0) return tooFast(isMethod ? 'ratelimited' : 'rate_limited', waitMs);
      return isMethod ? method(request) : webhook(request);
    },
  });
  return {
    ...double,
    webhookUrl: WEBHOOK_URL,
    token: TOKEN,
    channel: CHANNEL,
    messages,
    remove(ts) {
      const index = find(ts);
      if (index >= 0) messages.splice(index, 1);
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

const METHODS = new Set([
  'https://slack.com/api/chat.postMessage',
  'https://slack.com/api/chat.update',
]);

function posted({ channel, ts, text }: SlackDoubleMessage): DoubleAnswer {
  return jsonAnswer(200, { ok: true, channel, ts, message: { text, ts } });
}

function failed(error: string): DoubleAnswer {
  return jsonAnswer(200, { ok: false, error });
}

function tooFast(error: string, waitMs: number): DoubleAnswer {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const body = { retry_after: seconds, ok: false, error };
  return jsonAnswer(429, body, { 'retry-after': String(seconds) });
}
