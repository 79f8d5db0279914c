import { type OptionsOf, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import {
  apiKey,
  type Connection,
  type ConnectionOptions,
  connectionOf,
  connectionShape,
  httpUrl,
} from './connection-options.ts';

/** Options of `slack()`: an incoming webhook, which can only add messages. */
export interface SlackWebhookOptions extends ConnectionOptions {
  /** `https://hooks.slack.com/services/…`. A secret: it is in no error, event or log. */
  readonly webhookUrl: string | URL;
}

/** Options of `slack()`: a bot, which keeps its message up to date and answers in its thread. */
export interface SlackBotOptions extends ConnectionOptions {
  /** `xoxb-…`, with the scope `chat:write`. A secret: it is in no error, event or log. */
  readonly token: string;
  /** Its id, `C0123456789`, or its name, `#ops`. The bot must be a member. */
  readonly channel: string;
  /**
   * Where the methods are; GovSlack has another.
   * @default 'https://slack.com/api'
   */
  readonly apiUrl?: string | URL | undefined;
}

/** Options of `slack()`. */
export type SlackOptions = SlackWebhookOptions | SlackBotOptions;

export type SlackSettings = { readonly connection: Connection } & (
  | { readonly webhookUrl: URL }
  | { readonly token: string; readonly channel: string; readonly apiUrl: string }
);

const webhookSchema = z.strictObject({
  webhookUrl: httpUrl,
  ...connectionShape,
} satisfies Shape<SlackWebhookOptions>);

const botSchema = z.strictObject({
  token: apiKey,
  channel: z
    .string({ error: 'expected the id or name of a channel' })
    .regex(/^[#@]?[\p{L}\p{N}_-]{1,80}$/u, { error: 'expected the id or name of a channel' }),
  apiUrl: httpUrl.optional(),
  ...connectionShape,
} satisfies Shape<SlackBotOptions>);

const WORDING: OptionsOf = { of: 'slack', secretKeys: 'all' };

export function parseSlackOptions(options: SlackOptions): SlackSettings {
  // Decided by what is there, so that a mistake in one kind is not explained by the other.
  const isBot = typeof options === 'object' && options !== null && 'token' in options;
  if (!isBot) {
    const { webhookUrl, ...parsed } = parseOptions(webhookSchema, options, WORDING);
    return { webhookUrl, connection: connectionOf(parsed) };
  }
  const parsed = parseOptions(botSchema, options, WORDING);
  const { token, channel, apiUrl = 'https://slack.com/api' } = parsed;
  return {
    token,
    channel,
    apiUrl: String(apiUrl).replace(/\/+$/, ''),
    connection: connectionOf(parsed),
  };
}
