import type { Clock, Timer } from '@ops/timeout';
import { startBackgroundTimer } from './background-timer.ts';

/** Where warnings go. Pino and most loggers fit. */
export interface TelemetryLogger {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** One warning per reason in this time. */
const QUIET_MS = 60_000;

interface Loss {
  readonly reason: string;
  readonly count: number;
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

interface Tally {
  /** Monotonic time of the last warning, in milliseconds. */
  warnedAt: number;
  untoldCount: number;
  /** The first loss since the last warning; its facts go with the next. */
  first: Loss | undefined;
  timer: Timer | undefined;
}

/**
 * Warns of the first loss of a reason at once and then of that reason at most once a minute, with
 * the number lost since, so that a log shows every loss and an outage does not fill it.
 */
export function createLossWarner(
  logger: TelemetryLogger | undefined,
  clock: Clock,
): { warn(loss: Loss): void; close(): void } {
  const tallies = new Map<string, Tally>();
  let isClosed = false;

  const tell = (reason: string, tally: Tally): void => {
    if (tally.timer !== undefined) clock.clearTimeout(tally.timer);
    tally.timer = undefined;
    const { untoldCount, first } = tally;
    if (untoldCount === 0) return;
    tally.untoldCount = 0;
    tally.first = undefined;
    tally.warnedAt = clock.monotonic();
    write(logger, reason, untoldCount, first);
  };

  return {
    warn(loss) {
      const { reason } = loss;
      const tally = tallies.get(reason) ?? newTally();
      tallies.set(reason, tally);
      tally.untoldCount += loss.count;
      tally.first ??= loss;
      const waitMs = tally.warnedAt + QUIET_MS - clock.monotonic();
      if (waitMs <= 0) tell(reason, tally);
      else if (!isClosed) {
        tally.timer ??= startBackgroundTimer(clock, () => tell(reason, tally), waitMs);
      }
    },
    close() {
      isClosed = true;
      for (const [reason, tally] of tallies) tell(reason, tally);
    },
  };
}

function newTally(): Tally {
  return { warnedAt: -Infinity, untoldCount: 0, first: undefined, timer: undefined };
}

function write(
  logger: TelemetryLogger | undefined,
  reason: string,
  count: number,
  loss: Loss | undefined,
): void {
  const message = `telemetry: ${count} ${count === 1 ? 'event' : 'events'} lost (${reason})`;
  const fields = {
    reason,
    count,
    ...(loss?.status !== undefined && { status: loss.status }),
    ...(loss?.cause !== undefined && { cause: loss.cause }),
  };
  try {
    if (logger === undefined) console.warn(message, fields);
    else logger.warn(fields, message);
  } catch {
    // A logger that fails must not stop the events.
  }
}
