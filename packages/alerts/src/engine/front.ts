import type { Clock } from '@ops/timeout';
import { createAlarm } from '../alarm.ts';
import type { ErrorSample } from '../alert.ts';
import { describeError } from '../describe-error.ts';
import { createFingerprinter, type FingerprintOption } from '../fingerprint.ts';
import { createRecentErrors } from '../recent-errors.ts';
import type { Rule } from '../rule.ts';
import { createIntake } from './capture.ts';
import { createEventKinds } from './event-kinds.ts';
import { createLabelReader } from './labels.ts';
import type { CountedEvent } from './rounds.ts';
import type { SeriesEntry } from './series-book.ts';

/** Where events are reported. Every method is synchronous, cheap, and never throws. */
export interface Front {
  error(error: unknown, labels: unknown): void;
  /** @param error undefined: it succeeded. */
  outcome(isSuccess: boolean, error: unknown, labels: unknown): void;
  beat(rule: string): void;
  /** Hands over what has come in, at once. */
  drain(): void;
  samples(entry: SeriesEntry, sinceMs: number): readonly ErrorSample[];
  /** Takes nothing more; what it has taken is still to be handed over. */
  shut(): void;
  /** Hands over what it has, and has no timer. */
  stop(): void;
}

export interface FrontOptions {
  readonly rules: Readonly<Record<string, Rule>>;
  readonly fingerprint: FingerprintOption | undefined;
  readonly clock: Clock;
  readonly time: () => number;
  readonly onFault: (error: unknown) => void;
  readonly onEvents: (events: readonly CountedEvent[]) => void;
  readonly onCoarsened: (eventCount: number) => void;
}

/** Under pressure, events are handed over so often at most. */
const MIN_GAP_MS = 10;

export function createFront(options: FrontOptions): Front {
  const { rules, clock, time, onFault } = options;
  const labelReader = createLabelReader();
  const needsFingerprints = Object.values(rules).some((rule) => rule.needsFingerprints);
  const fingerprint = needsFingerprints
    ? createFingerprinter(options.fingerprint, onFault)
    : undefined;
  const kindOf = createEventKinds(labelReader, fingerprint);
  const recent = createRecentErrors();
  const intake = createIntake();
  const alarm = createAlarm(clock, time, drain);
  /** Errors that were counted as a failed outcome, and of which integration. */
  const failures = new WeakMap<object, string>();
  let isScheduled = false;
  let isStopped = false;
  let lastDrainMs = Number.NEGATIVE_INFINITY;
  let coarsenedCount = 0;

  function schedule(atMs: number): void {
    if (isScheduled) return;
    isScheduled = true;
    if (atMs - lastDrainMs >= MIN_GAP_MS) queueMicrotask(drain);
    else alarm.set(lastDrainMs + MIN_GAP_MS);
  }

  function drain(): void {
    isScheduled = false;
    if (intake.size === 0) return;
    try {
      lastDrainMs = time();
      const captures = intake.take();
      options.onEvents(
        captures.map((one) => ({ kind: kindOf(one), atMs: one.atMs, count: one.count })),
      );
      const lostCount = intake.coarsenedCount - coarsenedCount;
      coarsenedCount = intake.coarsenedCount;
      if (lostCount > 0) options.onCoarsened(lostCount);
    } catch (error) {
      onFault(error);
    }
  }

  function take(
    type: 'error' | 'outcome' | 'beat',
    about: { readonly error?: unknown; readonly labels?: unknown; readonly rule?: string },
    isSuccess: boolean,
  ): void {
    if (isStopped) return;
    try {
      const atMs = time();
      const labels = labelReader.read(about.labels);
      const isError = type === 'error' || (type === 'outcome' && !isSuccess);
      const message = isError ? describeError(about.error) : undefined;
      const isKnownFailure = type === 'error' && isCounted(about.error, labels['integration']);
      const rule = about.rule ?? '';
      intake.push({ type, atMs, count: 1, labels, message, isSuccess, isKnownFailure, rule });
      if (message !== undefined && !isKnownFailure) recent.add(message, labels, atMs);
      if (type === 'outcome' && !isSuccess) remember(about.error, labels['integration']);
      schedule(atMs);
    } catch (error) {
      onFault(error);
    }
  }

  function isCounted(error: unknown, integration: string | undefined): boolean {
    if (typeof error !== 'object' || error === null) return false;
    const counted = failures.get(error);
    return counted !== undefined && counted === integration;
  }

  function remember(error: unknown, integration: string | undefined): void {
    if (typeof error === 'object' && error !== null && integration !== undefined) {
      failures.set(error, integration);
    }
  }

  /** Whether the rule counts such an error, or such a failure, in this series. */
  function belongs(entry: SeriesEntry, message: string, labels: object): boolean {
    const about = { atMs: 0, count: 1, labels: labels as never, message, rule: '' };
    const plain = { ...about, isSuccess: false, isKnownFailure: false };
    try {
      const { rule, name, key } = entry;
      const keys = (['error', 'outcome'] as const).map((type) =>
        rule.keyOf(kindOf({ ...plain, type }), name),
      );
      return keys.some((one) => one !== undefined && (one === key || key === 'other'));
    } catch {
      return false;
    }
  }

  return {
    error: (error, labels) => take('error', { error, labels }, false),
    outcome: (isSuccess, error, labels) => take('outcome', { error, labels }, isSuccess),
    beat: (rule) => take('beat', { rule }, true),
    drain,
    samples: (entry, sinceMs) =>
      recent.samples(({ message, labels }) => belongs(entry, message, labels), sinceMs),
    shut() {
      isStopped = true;
    },
    stop() {
      isStopped = true;
      drain();
      alarm.clear();
    },
  };
}
