/**
 * The messages that wait for one channel, and in which order they may go.
 *
 * An alert's messages keep their order: the second is not touched before the first is delivered or
 * given up; messages of other alerts go on in between. A channel is told of an end only if it was
 * told of the beginning: when an alert is resolved before its firing was delivered, what waits is
 * replaced by one `fired-and-resolved`; when the firing was given up or never meant for this
 * channel, nothing is sent. What is being sent is never replaced: its outcome decides.
 */
import type { Alert } from './alert.ts';
import { createMessage, type Message, type MessageKind } from './message.ts';

export interface PendingMessage {
  readonly message: Message;
  /** Wall-clock time of what the message tells. */
  readonly at: number;
  readonly addedMs: number;
  readonly attemptCount: number;
  /** No attempt before this. */
  readonly notBeforeMs: number;
}

export interface PendingMessages {
  /** Queues that the alert fired or got worse, and returns what there was no room for. */
  addFiring(alert: Alert, at: number, nowMs: number): readonly Message[];
  /**
   * Queues that the alert is over, where the channel is to know. Never lacks room: it takes the
   * place of a beginning, or is the one end of an alert that the channel knows, one for each rule.
   */
  addResolved(alert: Alert, nowMs: number): void;
  /** The first that may be sent at this time, now under way until `finish` or `retryLater`. */
  start(nowMs: number): PendingMessage | undefined;
  /** When the next may be sent, if none can be yet; Infinity when none waits. */
  nextMs(): number;
  /** The message under way was delivered, or is given up. */
  finish(isDelivered: boolean): void;
  /** The message under way failed, and waits. */
  retryLater(notBeforeMs: number): void;
  /** Holds everything back until then. */
  pauseUntil(untilMs: number): void;
  /** Empties the queue and gives back what was in it, what is under way included. */
  takeAll(): readonly PendingMessage[];
}

export function createPendingMessages(maxCount: number): PendingMessages {
  let waiting: readonly PendingMessage[] = [];
  let current: PendingMessage | undefined;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  /** Alerts whose beginning the channel has taken, and whose end it does not know. */
  const told = new Set<string>();

  const isUnderWay = (alertId: string): boolean => current?.message.alert.id === alertId;
  /** The first of each alert. Asked for only while nothing is under way. */
  const heads = (): readonly PendingMessage[] => {
    const seen = new Set<string>();
    return waiting.filter(({ message }) => {
      const isFirst = !seen.has(message.alert.id);
      seen.add(message.alert.id);
      return isFirst;
    });
  };
  const startMs = (entry: PendingMessage): number => Math.max(entry.notBeforeMs, pausedUntilMs);
  const count = (): number => waiting.length + (current ? 1 : 0);

  /** Keeps the rule of the header for an alert that has nothing under way. */
  function tidy(alertId: string): void {
    const mine = waiting.filter(({ message }) => message.alert.id === alertId);
    const end = mine.find(({ message }) => message.kind === 'resolved');
    if (told.has(alertId)) return;
    const [first] = mine;
    if (end === undefined) {
      // The beginning was given up before the rise was tried: the rise is the first to be heard of.
      if (first?.message.kind !== 'escalated') return;
      const firing = createMessage('firing', first.message.alert, first.at);
      waiting = waiting.map((entry) => (entry === first ? { ...entry, message: firing } : entry));
      return;
    }
    waiting = waiting.filter((entry) => !mine.includes(entry));
    if (first === undefined || first === end) return;
    const message = createMessage('fired-and-resolved', end.message.alert, end.at);
    // The wait stays: the channel's trouble is not over because the message is another.
    waiting = [...waiting, { ...end, message, notBeforeMs: first.notBeforeMs }];
  }

  /** What ended in the past gives way to what is going on. */
  function makeRoom(): Message | undefined {
    const past = waiting.find(({ message }) => message.kind === 'fired-and-resolved');
    waiting = waiting.filter((entry) => entry !== past);
    return past?.message;
  }

  function add(message: Message, at: number, nowMs: number): void {
    const entry = { message, at, addedMs: nowMs, attemptCount: 0, notBeforeMs: nowMs };
    waiting = [...waiting, entry];
  }

  return {
    addFiring(alert, at, nowMs) {
      const isKnown =
        told.has(alert.id) ||
        isUnderWay(alert.id) ||
        waiting.some(({ message }) => message.alert.id === alert.id);
      const kind: MessageKind = isKnown ? 'escalated' : 'firing';
      const message = createMessage(kind, alert, at);
      const dropped = count() < maxCount ? undefined : (makeRoom() ?? message);
      if (dropped !== message) add(message, at, nowMs);
      return dropped ? [dropped] : [];
    },
    addResolved(alert, nowMs) {
      const at = (alert.endedAt ?? alert.startedAt).getTime();
      add(createMessage('resolved', alert, at), at, nowMs);
      if (!isUnderWay(alert.id)) tidy(alert.id);
    },
    start(nowMs) {
      const entry = current ? undefined : heads().find((head) => startMs(head) <= nowMs);
      if (entry === undefined) return undefined;
      waiting = waiting.filter((other) => other !== entry);
      current = { ...entry, attemptCount: entry.attemptCount + 1 };
      return current;
    },
    nextMs: () =>
      heads().reduce((earliestMs, head) => Math.min(earliestMs, startMs(head)), Infinity),
    finish(isDelivered) {
      if (current === undefined) return;
      const { alert, kind } = current.message;
      current = undefined;
      if (kind === 'resolved' || kind === 'fired-and-resolved') told.delete(alert.id);
      else if (isDelivered) told.add(alert.id);
      tidy(alert.id);
    },
    retryLater(notBeforeMs) {
      if (current === undefined) return;
      const { id } = current.message.alert;
      waiting = [{ ...current, notBeforeMs }, ...waiting];
      current = undefined;
      tidy(id);
    },
    pauseUntil(untilMs) {
      pausedUntilMs = Math.max(pausedUntilMs, untilMs);
    },
    takeAll() {
      const all = [...(current ? [current] : []), ...waiting];
      waiting = [];
      current = undefined;
      return all;
    },
  };
}
