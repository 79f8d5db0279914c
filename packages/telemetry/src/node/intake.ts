import type { Clock } from '@ops/timeout';
import type { EventDefinitions } from '../events.ts';
import type { Delivery } from './delivery.ts';
import type { RefusalReason } from './drop.ts';
import type { EventQueue } from './event-queue.ts';
import type { LossReporter } from './loss-reporter.ts';
import {
  type ContextSnapshot,
  type Serialised,
  serialiseEvent,
  snapshotContext,
} from './serialise-event.ts';
import type { Tracker } from './telemetry.ts';

/** The way in: from the host's values to an accepted or refused event. */
export interface Intake {
  readonly refused: Readonly<Record<RefusalReason, number>>;
  tracker<E extends EventDefinitions>(context: ContextSnapshot): Tracker<E>;
  /** From now on every event is refused. */
  close(): void;
}

interface IntakeParts {
  readonly queue: EventQueue;
  readonly delivery: Delivery;
  readonly reporter: LossReporter;
  readonly clock: Clock;
  readonly maxEventBytes: number;
}

export function createIntake(parts: IntakeParts): Intake {
  const { queue, delivery, reporter, clock, maxEventBytes } = parts;
  const refused: Record<RefusalReason, number> = {
    too_large: 0,
    unserializable: 0,
    queue_overflow: 0,
    reentrant: 0,
    closed: 0,
  };
  let isClosed = false;
  /** The host's values are being read; code of the host runs then. */
  let isReading = false;

  const refuse = (reason: RefusalReason, cause?: unknown): false => {
    refused[reason] += 1;
    reporter.refused(reason, cause);
    return false;
  };

  const take = (name: unknown, props: unknown, context: ContextSnapshot): boolean => {
    if (isClosed) return refuse('closed');
    // A getter that tracks the object it belongs to would recurse without end.
    if (isReading) return refuse('reentrant');
    isReading = true;
    let serialised: Serialised;
    try {
      serialised = serialiseEvent(name, props, context, clock, maxEventBytes);
    } finally {
      // Also where the host has used up the stack, or every later event would be taken for reentrant.
      isReading = false;
    }
    if ('refusal' in serialised) return refuse(serialised.refusal, serialised.cause);
    // A getter may have shut us down.
    if (isClosed) return refuse('closed');
    if (!queue.add(serialised.event)) return refuse('queue_overflow');
    delivery.wake();
    return true;
  };

  const tracker = <E extends EventDefinitions>(context: ContextSnapshot): Tracker<E> => ({
    track: (name, ...rest) => take(name, rest[0], context),
    with: (extra) => tracker(snapshotContext(context, extra, maxEventBytes)),
  });

  return {
    get refused() {
      return { ...refused };
    },
    tracker,
    close() {
      isClosed = true;
    },
  };
}
