import type { Alert } from '../alert.ts';
import type { Notification, NotificationKind } from '../notification.ts';
import { worstFirst } from './compose.ts';
import { MAX_LISTED_COUNT } from './group.ts';
import { oneLine } from './notification-text.ts';
import type { NotifySettings } from './notify-settings.ts';

/** What a notification of no group is made with. */
export interface NoticeContext {
  readonly settings: Pick<NotifySettings, 'service' | 'environment' | 'url'>;
  readonly id: string;
  readonly nowMs: number;
  readonly isDegraded: boolean;
}

/** A message that a digest stands for. */
export interface DigestedMessage {
  readonly text: string;
  readonly alertIds: readonly string[];
}

/** Beyond it the lines are counted. */
export const MAX_LINE_COUNT = 100;
const MAX_LINE_LENGTH = 300;
/** A store tells of so many active alerts at most; of others nobody knows here whether they last. */
const KNOWN_ACTIVE_COUNT = 1_000;

/**
 * One `digest` in place of many messages that wait for a channel. Its `firing` are those of their
 * alerts that last; the lines are their texts.
 *
 * @param messages oldest first.
 * @param alerts all that last.
 */
export function composeDigest(
  context: NoticeContext,
  channel: string,
  messages: readonly DigestedMessage[],
  alerts: readonly Alert[],
): Notification {
  const told = new Set(messages.flatMap(({ alertIds }) => alertIds));
  const firing = worstFirst(alerts.filter(({ id }) => told.has(id)));
  const atLeast = alerts.length >= KNOWN_ACTIVE_COUNT ? 'at least ' : '';
  const worst = firing[0] === undefined ? '' : `, the worst ${firing[0].severity}`;
  return notice(context, {
    kind: 'digest',
    group: `digest/${channel}`,
    heading: `DIGEST of ${counted(messages.length, 'message')} that waited`,
    detail: `${counted(told.size, 'alert')}, ${atLeast}${firing.length} still firing${worst}`,
    firing: firing.slice(0, MAX_LISTED_COUNT),
    lines: messages.map(({ text }) => text),
  });
}

/**
 * `undelivered`: tells another channel that `channel` does not take alerts.
 *
 * @param error why, free of secrets.
 * @param texts of the messages it was not told, oldest first.
 */
export function composeUndelivered(
  context: NoticeContext,
  channel: string,
  error: string,
  texts: readonly string[],
): Notification {
  return notice(context, {
    kind: 'undelivered',
    group: `undelivered/${channel}`,
    heading: 'UNDELIVERED',
    detail: `channel ${channel} did not take ${counted(texts.length, 'message')}: ${oneLine(error, 200)}`,
    firing: [],
    lines: texts,
  });
}

/** What `alerts.test(channel)` sends. */
export function composeTest(context: NoticeContext, channel: string): Notification {
  return notice(context, {
    kind: 'test',
    group: `test/${channel}`,
    heading: 'TEST',
    detail: `channel ${channel} is told of alerts like this; nothing is wrong`,
    firing: [],
    lines: [],
  });
}

interface Notice {
  readonly kind: NotificationKind;
  readonly group: string;
  readonly heading: string;
  readonly detail: string;
  readonly firing: readonly Alert[];
  readonly lines: readonly string[];
}

function notice(
  context: NoticeContext,
  { kind, group, heading, detail, firing, lines }: Notice,
): Notification {
  const { service, environment, url } = context.settings;
  const isCut = lines.length > MAX_LINE_COUNT;
  const shown = lines.slice(0, isCut ? MAX_LINE_COUNT - 1 : MAX_LINE_COUNT);
  const rest = isCut ? [`and ${lines.length - shown.length} more`] : [];
  return Object.freeze({
    id: context.id,
    kind,
    service,
    environment,
    at: new Date(context.nowMs).toISOString(),
    group,
    groupLabels: Object.freeze({}),
    firing: Object.freeze([...firing]),
    resolved: Object.freeze([]),
    text: oneLine(`${heading}: ${service} (${environment}): ${detail}`),
    lines: Object.freeze([...shown.map((line) => oneLine(line, MAX_LINE_LENGTH)), ...rest]),
    repeatCount: 0,
    degraded: context.isDegraded,
    url,
  });
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
