import type { Channel, Json, SendContext } from '../channel.ts';
import { postJson } from './http-post.ts';
import { webhookFault } from './slack-answers.ts';
import { sendAsBot } from './slack-bot.ts';
import { type SlackMessage, slackMessage } from './slack-message.ts';
import { parseSlackOptions, type SlackOptions, type SlackSettings } from './slack-options.ts';

/**
 * Slack takes one message a second of a webhook or channel. A tenth less, because requests take
 * unequally long to arrive; and no bursts, which it takes but does not promise to show.
 *
 * @see https://docs.slack.dev/apis/web-api/rate-limits
 */
const WEBHOOK_RATE = { perSecond: 0.9 };

/** `chat.update` is of tier 3: at least 50 a minute. */
const BOT_RATE = { perSecond: 0.8 };

/**
 * Posts to Slack as Block Kit, within its limits whatever the alerts hold; nothing out of an error
 * becomes a mention, link or markup.
 *
 * With `webhookUrl` each notification is a message. With `token` and `channel` a group of alerts has
 * one message that is kept up to date, with what happened as answers in its thread; bad news is
 * shown in the channel too.
 *
 * Delivery is at least once: Slack knows no idempotency key, so a message whose answer was lost comes
 * twice. 429, 5xx and network errors are retried, with `Retry-After` as a pause of the channel; what
 * else Slack refuses (`channel_not_found`, `invalid_auth`) is given up. 200 with anything but `ok` is
 * no delivery.
 *
 * @throws InvalidOptionsError naming every wrong option, without the values.
 */
export function slack(options: SlackOptions): Channel {
  const settings = parseSlackOptions(options);
  const isBot = 'token' in settings;
  return Object.freeze<Channel>({
    kind: 'slack',
    rate: isBot ? BOT_RATE : WEBHOOK_RATE,
    acknowledges: true,
    render: slackMessage,
    send(payload, context) {
      const message = payload as SlackMessage;
      return 'token' in settings
        ? sendAsBot(settings, message, context)
        : sendByWebhook(settings, message, context);
    },
  });
}

async function sendByWebhook(
  { webhookUrl, connection }: Extract<SlackSettings, { readonly webhookUrl: URL }>,
  { text, blocks }: SlackMessage,
  context: SendContext,
): Promise<Json | undefined> {
  const body = JSON.stringify({ text, blocks, unfurl_links: false, unfurl_media: false });
  const answer = await postJson({ to: 'Slack', url: webhookUrl, body, connection, context });
  const fault = await webhookFault(answer);
  if (fault !== undefined) throw fault;
  return undefined;
}
