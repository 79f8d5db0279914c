import type { RequestRefusalReason } from './request-refusal.ts';
import type { SinkOutcome } from './sink.ts';
import type { EventRejectReason, Validated } from './validate-event.ts';

/**
 * Counts since the handler was made. At every moment
 * `received = stored + duplicates + retried + pending + the sum of dropped`.
 */
export interface IngestStats {
  /** Requests taken up, preflights excepted. */
  readonly requests: number;
  /** Requests refused before their events were looked at, by reason. */
  readonly refused: Readonly<Partial<Record<RequestRefusalReason, number>>>;
  /** Events in requests whose sender was known and whose body could be read. A repeat counts again. */
  readonly received: number;
  /** Stored for the first time. */
  readonly stored: number;
  /** Stored before, by what the sink says or as a copy within one request. */
  readonly duplicates: number;
  /** Refused for good, by reason. */
  readonly dropped: Readonly<Record<EventRejectReason, number>>;
  /** Not stored; the client was asked to send them again. */
  readonly retried: number;
  /** Waiting for a write or in one. */
  readonly pending: number;
  /** Given up by clients before they could be sent, as they report it. Each report is counted once. */
  readonly lost: number;
  /** Bytes of bodies whose events are not written yet, as sent and decompressed. */
  readonly heldBytes: number;
  /** Times that `onEvent` or `onReject` threw or rejected. */
  readonly callbackErrors: number;
}

/** The numbers behind {@link IngestStats}. */
export interface Tally {
  requests: number;
  received: number;
  stored: number;
  duplicates: number;
  retried: number;
  pending: number;
  lost: number;
  callbackErrors: number;
  readonly dropped: Record<EventRejectReason, number>;
  readonly refused: Partial<Record<RequestRefusalReason, number>>;
}

export function createTally(): Tally {
  return {
    requests: 0,
    received: 0,
    stored: 0,
    duplicates: 0,
    retried: 0,
    pending: 0,
    lost: 0,
    callbackErrors: 0,
    dropped: {
      malformed: 0,
      bad_id: 0,
      too_large: 0,
      unknown_event: 0,
      invalid: 0,
      refused_by_sink: 0,
    },
    refused: {},
  };
}

/**
 * Moves the events of one request from pending to where their outcomes belong. Without outcomes all are
 * to be sent again. The first of those with the same id has the outcome; the rest are copies of it.
 * `isRefusedToRetry` says that also those which the checks refused were answered with `retry`.
 */
export function countOutcomes(
  tally: Tally,
  validated: readonly Validated[],
  outcomes: ReadonlyMap<string, SinkOutcome> | undefined,
  isRefusedToRetry = false,
): void {
  tally.pending -= validated.length;
  if (outcomes === undefined) {
    tally.retried += validated.length;
    return;
  }
  const counted = new Set<string>();
  for (const each of validated) {
    if ('rejection' in each) {
      if (isRefusedToRetry) tally.retried += 1;
      else tally.dropped[each.rejection] += 1;
      continue;
    }
    const { id } = each.event;
    countOne(tally, outcomes.get(id), counted.has(id));
    counted.add(id);
  }
}

function countOne(tally: Tally, outcome: SinkOutcome | undefined, isCopy: boolean): void {
  if (outcome?.result === 'drop') tally.dropped.refused_by_sink += 1;
  else if (outcome?.result !== 'ok') tally.retried += 1;
  else if (isCopy || outcome.duplicate === true) tally.duplicates += 1;
  else tally.stored += 1;
}
