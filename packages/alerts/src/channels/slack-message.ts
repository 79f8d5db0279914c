import type { Notification } from '../notification.ts';
import { type SlackBlock, slackBlocks } from './slack-blocks.ts';
import { slackText } from './slack-text.ts';

/** What is stored for Slack, for a webhook and a bot alike. */
export type SlackMessage = {
  /** What notifications on phones and the thread show. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  /** It belongs to no thread: a digest, a test. */
  readonly isAlone: boolean;
  /** Nothing of the group fires any more. */
  readonly isLast: boolean;
  /** Shown in the channel, even as an answer in a thread. */
  readonly isLoud: boolean;
};

const ALONE = new Set(['digest', 'undelivered', 'test']);
const LOUD = new Set(['firing', 'escalated', 'repeat']);

export function slackMessage(notification: Notification): SlackMessage {
  const { kind, text, firing } = notification;
  return {
    text: slackText(text, 1_500) || kind,
    blocks: slackBlocks(notification),
    isAlone: ALONE.has(kind),
    isLast: firing.length === 0,
    isLoud: LOUD.has(kind),
  };
}
