import type { Json, SendContext } from '../channel.ts';
import type { DeliveryError } from '../errors.ts';
import { postJson } from './http-post.ts';
import { type MethodAnswer, methodAnswer } from './slack-answers.ts';
import type { SlackMessage } from './slack-message.ts';
import type { SlackSettings } from './slack-options.ts';

type BotSettings = Extract<SlackSettings, { readonly token: string }>;

/** The group's message, which the next one changes in place and answers. */
type Receipt = { readonly channel: string; readonly ts: string };

/** When the message to be changed is gone or closed for changes, a new one takes its place. */
const LOST = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'channel_not_found',
  'thread_not_found',
]);

/**
 * The first message of a group stands in the channel. Each further one first brings it up to date,
 * which notifies nobody, and then answers in its thread; an answer that is bad news is shown in the
 * channel too. The update comes first because repeating it does no harm, so a failure in between
 * doubles nothing. When all is over, the group's next message is a new one.
 */
export async function sendAsBot(
  settings: BotSettings,
  message: SlackMessage,
  context: SendContext,
): Promise<Json> {
  const told = receiptOf(context.previous);
  const { text, blocks } = message;
  const next = (at: Receipt): Json => (message.isLast ? null : { channel: at.channel, ts: at.ts });
  if (told !== undefined && !message.isAlone) {
    const update = await call(settings, 'chat.update', { ...told, text, blocks }, context);
    if (update.fault === undefined) {
      const reply = { channel: told.channel, thread_ts: told.ts, text, ...ONLY_TEXT };
      const broadcast = message.isLoud ? { reply_broadcast: true } : {};
      unlessFault(await call(settings, 'chat.postMessage', { ...reply, ...broadcast }, context));
      return next(told);
    }
    if (!LOST.has(update.error ?? '')) throw update.fault;
  }
  const post = { channel: settings.channel, text, blocks, ...ONLY_TEXT };
  const { fields } = unlessFault(await call(settings, 'chat.postMessage', post, context));
  const { channel, ts } = fields;
  // Delivered all the same; without a receipt the next message is a new one.
  if (typeof channel !== 'string' || typeof ts !== 'string') return null;
  return message.isAlone ? null : next({ channel, ts });
}

/** Neither names nor addresses in it become links, mentions or previews. */
const ONLY_TEXT = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false };

async function call(
  settings: BotSettings,
  method: string,
  body: object,
  context: SendContext,
): Promise<MethodAnswer> {
  const answer = await postJson({
    to: 'Slack',
    url: `${settings.apiUrl}/${method}`,
    headers: {
      authorization: `Bearer ${settings.token}`,
      'content-type': 'application/json; charset=utf-8',
    },
    body: JSON.stringify(body),
    connection: settings.connection,
    context,
  });
  return methodAnswer(answer);
}

function unlessFault(answer: MethodAnswer): MethodAnswer {
  const fault: DeliveryError | undefined = answer.fault;
  if (fault !== undefined) throw fault;
  return answer;
}

function receiptOf(previous: Json | undefined): Receipt | undefined {
  const { channel, ts } = (previous ?? {}) as Partial<Receipt>;
  return typeof channel === 'string' && typeof ts === 'string' ? { channel, ts } : undefined;
}
