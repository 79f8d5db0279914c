import type { EventDefinitions } from '../events.ts';
import type { ContextSnapshot } from './context-snapshot.ts';
import type { RefusalReason } from './drop.ts';
import type { EventQueue } from './event-queue.ts';
import type { LossReporter } from './loss-reporter.ts';
import type { Serialised, SerialiseEvent } from './serialise-event.ts';
import type { ConsentState, Tracker } from './telemetry.ts';

/** The way in: from the host's values to an accepted or refused event. */
export interface Intake {
  readonly refused: Readonly<Record<RefusalReason, number>>;
  consent: ConsentState;
  tracker<E extends EventDefinitions>(context: ContextSnapshot): Tracker<E>;
  /** From now on every event is refused. */
  close(): void;
}

interface IntakeParts {
  readonly queue: EventQueue;
  readonly reporter: LossReporter;
  readonly serialise: SerialiseEvent;
  readonly snapshot: (parent: ContextSnapshot, extra: unknown) => ContextSnapshot;
  readonly consent: ConsentState;
  /** Called after each accepted event. Must not throw. */
  readonly onAccepted: () => void;
}

export function createIntake(parts: IntakeParts): Intake {
  const { queue, reporter, serialise, snapshot, onAccepted } = parts;
  const refused = noRefusals();
  let { consent } = parts;
  let isClosed = false;
  const isDenied = (): boolean => consent === 'denied';
  /** The host's values are being read; code of the host runs then. */
  let isReading = false;

  const refuse = (reason: RefusalReason, cause?: unknown): false => {
    refused[reason] += 1;
    reporter.refused(reason, cause);
    return false;
  };

  const take = (name: unknown, props: unknown, context: ContextSnapshot): boolean => {
    if (isClosed) return refuse('closed');
    if (isDenied()) return refuse('no_consent');
    // A getter that tracks the object it belongs to would recurse without end.
    if (isReading) return refuse('reentrant');
    isReading = true;
    let serialised: Serialised;
    try {
      serialised = serialise(name, props, context);
    } finally {
      // Also where the host has used up the stack, or every later event would be taken for reentrant.
      isReading = false;
    }
    if ('refusal' in serialised) return refuse(serialised.refusal, serialised.cause);
    // Code that ran while it was read may have shut us down.
    if (isClosed) return refuse('closed');
    if (isDenied()) return refuse('no_consent');
    if (!queue.add(serialised.event)) return refuse('queue_overflow');
    onAccepted();
    return true;
  };

  const tracker = <E extends EventDefinitions>(context: ContextSnapshot): Tracker<E> => ({
    track: (name, ...rest) => take(name, rest[0], context),
    with: (extra) => tracker(snapshot(context, extra)),
  });

  return {
    get refused() {
      return { ...refused };
    },
    get consent() {
      return consent;
    },
    set consent(state) {
      consent = state;
    },
    tracker,
    close() {
      isClosed = true;
    },
  };
}

function noRefusals(): Record<RefusalReason, number> {
  return {
    too_large: 0,
    unserializable: 0,
    queue_overflow: 0,
    reentrant: 0,
    closed: 0,
    callback_error: 0,
    before_send: 0,
    sampled: 0,
    no_consent: 0,
  };
}
