import type { Alert } from './alert.ts';

/**
 * Why a notification is sent, judged by the channel that it goes to. `firing`: it has news of alerts
 * that have begun; `escalated`: one that it knows got worse, or an escalation step brought it here;
 * `repeat`: nothing new, they still last; `resolved`: all it knew of are over; `fired-and-resolved`:
 * they began and ended before it could be told; `acknowledged`: somebody took charge; `digest`: many
 * at once, to a channel that could not be told in time; `undelivered`: another channel refuses to
 * take alerts; `test`: `alerts.test()`.
 */
export type NotificationKind =
  | 'firing'
  | 'escalated'
  | 'repeat'
  | 'resolved'
  | 'fired-and-resolved'
  | 'acknowledged'
  | 'digest'
  | 'undelivered'
  | 'test';

/** What a channel is given to render. Plain JSON, frozen, made once. */
export interface Notification {
  /** Unique, the same through all retries and replicas: for the receiver to know a repetition by. */
  readonly id: string;
  readonly kind: NotificationKind;
  readonly service: string;
  readonly environment: string;
  /** ISO 8601, by the store's clock. */
  readonly at: string;
  /**
   * What belongs together, and in which order: `partners/…`. The same for every notification of a
   * group of alerts, so a channel can thread by it, or change its earlier message in place.
   */
  readonly group: string;
  /** What the alerts of the group have in common: `{ rule: 'partners' }`. */
  readonly groupLabels: Readonly<Record<string, string>>;
  /** All that fire and that this channel is to know of, worst first. */
  readonly firing: readonly Alert[];
  /** What has ended since the channel was last told. */
  readonly resolved: readonly Alert[];
  /** In one line, at most 500 characters: `FIRING (high): errorSpike in billing (production): 142 errors …`. */
  readonly text: string;
  /** Lines of a `digest`, or what to know about an `undelivered` channel. At most 100. */
  readonly lines: readonly string[];
  /** How often it was sent before: 0 for the first. */
  readonly repeatCount: number;
  /** Sent by one replica alone, while the store could not be reached: others may send the same. */
  readonly degraded: boolean;
  /** Address of the view of alerts, where `createAlerts({ url })` gave one. */
  readonly url: string | null;
}
