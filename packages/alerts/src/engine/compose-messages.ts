import { randomUUID } from 'node:crypto';
import type { Channel, Json } from '../channel.ts';
import type { Emit } from '../events.ts';
import type { Notification, NotificationKind } from '../notification.ts';
import type { Group } from '../notify/group.ts';
import type { Planned } from '../notify/plan-group.ts';
import type { NewMessage } from '../store.ts';

export interface ComposeContext {
  readonly channels: Readonly<Record<string, Channel>>;
  readonly maxAgeMs: number;
  readonly emit: Emit;
}

export function newMessageId(): string {
  return `msg_${randomUUID()}`;
}

/**
 * Renders what was planned, once for all attempts. What a channel has nothing to say to is left out.
 *
 * @param before the group as it was before it was planned: a channel that knew of none of its alerts
 *   is told something that builds on nothing.
 */
export function messagesOf(
  planned: readonly Planned[],
  before: Group | undefined,
  groupKey: string,
  nowMs: number,
  context: ComposeContext,
): readonly NewMessage[] {
  const isKnown = new Map<string, boolean>();
  return planned.flatMap(({ channel, notification, catchUp, alertIds }) => {
    const builds = isKnown.get(channel) ?? knowsAny(before, channel);
    isKnown.set(channel, true);
    const payload = enveloped(channel, notification, context);
    if (payload === null) return [];
    return {
      id: notification.id,
      channel,
      group: groupKey,
      kind: notification.kind,
      alertIds,
      text: notification.text,
      payload,
      catchUp: enveloped(channel, catchUp, context),
      isFirst: !builds,
      expiresAtMs: nowMs + context.maxAgeMs,
    };
  });
}

function knowsAny(group: Group | undefined, channel: string): boolean {
  return Object.values(group?.members ?? {}).some(({ told }) => {
    const state = Object.hasOwn(told, channel) ? told[channel] : undefined;
    return state !== undefined && (state.severity !== null || state.arrived !== null);
  });
}

/** What is stored to be sent: of a message and its catch-up either may be, and they are of another kind. */
export interface Envelope {
  readonly kind: NotificationKind;
  readonly text: string;
  /** As rendered by the channel. */
  readonly body: Json;
}

/** Null: the channel has nothing to say to it. */
export function enveloped(
  channel: string,
  notification: Notification,
  context: Pick<ComposeContext, 'channels' | 'emit'>,
): Json {
  const body = rendered(channel, notification, context);
  const { kind, text } = notification;
  return body === null ? null : { kind, text, body };
}

export function openEnvelope(payload: Json): Envelope | undefined {
  return payload === null ? undefined : (payload as unknown as Envelope);
}

/** Plain JSON, or null: nothing is to be sent. A channel that fails to render loses this one message. */
function rendered(
  name: string,
  notification: Notification,
  { channels, emit }: Pick<ComposeContext, 'channels' | 'emit'>,
): Json {
  try {
    const channel = channels[name];
    const payload = channel?.render === undefined ? notification : channel.render(notification);
    return JSON.parse(JSON.stringify(payload ?? null)) as Json;
  } catch (error) {
    emit({ type: 'fault', error });
    return null;
  }
}
