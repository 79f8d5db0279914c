import { randomUUID } from 'node:crypto';
import type { Alert } from './alert.ts';
import { formatDuration } from './format-duration.ts';

/**
 * Why a message is sent. `firing`: the first that its channel hears of the alert; `escalated`: it
 * got worse; `resolved`: it is over; `fired-and-resolved`: it began and ended while the channel
 * could not be reached.
 */
export type MessageKind = 'firing' | 'escalated' | 'resolved' | 'fired-and-resolved';

/** What a channel is given to send. Made once, the same through all retries. Frozen. */
export interface Message {
  /** Unique, for the receiver to know a repetition by. */
  readonly id: string;
  readonly kind: MessageKind;
  /** As it was when the message was made. */
  readonly alert: Alert;
  /** The message in one line. */
  readonly text: string;
  /** The message as JSON: `{ "type": "alert.firing", "timestamp": …, "data": alert }`. */
  readonly body: string;
}

/** @param at wall-clock time of what the message tells, in milliseconds. */
export function createMessage(kind: MessageKind, alert: Alert, at: number): Message {
  return Object.freeze({
    id: `msg_${randomUUID()}`,
    kind,
    alert,
    text: textOf(kind, alert),
    body: JSON.stringify({ type: `alert.${kind}`, timestamp: new Date(at), data: alert }),
  });
}

function textOf(kind: MessageKind, alert: Alert): string {
  const { severity, endedAt, startedAt } = alert;
  const lasted = formatDuration((endedAt?.getTime() ?? 0) - startedAt.getTime());
  const heading = {
    firing: `FIRING (${severity})`,
    escalated: `ESCALATED (${severity})`,
    resolved: `RESOLVED after ${lasted}`,
    'fired-and-resolved': `FIRED (${severity}) AND RESOLVED after ${lasted}`,
  }[kind];
  return `${heading}: ${alert.rule} in ${alert.service} (${alert.environment}): ${alert.reason}`;
}
