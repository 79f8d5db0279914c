import { resultOf, type SendOutcome } from './answer.ts';
import type { DropReason } from './drop.ts';
import { idOf, type QueuedEvent } from './event-queue.ts';
import type { LossDetails } from './loss-reporter.ts';

/** What is to happen to the events of a batch after its request. Each is in exactly one list. */
export interface Settlement {
  readonly delivered: readonly QueuedEvent[];
  /** To be sent again after a wait. */
  readonly again: readonly QueuedEvent[];
  /** To be sent again at once, in smaller batches. */
  readonly halved: readonly QueuedEvent[];
  readonly lost: readonly QueuedEvent[];
  readonly lostBecause: Extract<DropReason, 'too_large' | 'rejected'>;
  /** Of what is lost or sent again. */
  readonly details: LossDetails;
}

/** Decides by the server's answer alone. */
export function settlementOf(batch: readonly QueuedEvent[], outcome: SendOutcome): Settlement {
  if (outcome.kind === 'answered') return settlementByEvent(batch, outcome);
  const { kind, status, cause } = outcome;
  const isHalved = kind === 'too_large' && batch.length > 1;
  const isAgain = kind === 'failed';
  return {
    delivered: [],
    again: isAgain ? batch : [],
    halved: isHalved ? batch : [],
    lost: isAgain || isHalved ? [] : batch,
    lostBecause: kind === 'too_large' ? 'too_large' : 'rejected',
    details: { status, cause },
  };
}

function settlementByEvent(
  batch: readonly QueuedEvent[],
  outcome: Extract<SendOutcome, { kind: 'answered' }>,
): Settlement {
  const delivered: QueuedEvent[] = [];
  const again: QueuedEvent[] = [];
  const lost: QueuedEvent[] = [];
  for (const event of batch) {
    const result = resultOf(outcome.results, idOf(event))?.result;
    if (result === 'ok' || result === 'warning') delivered.push(event);
    // An event that the answer does not name may or may not be stored; its id makes a repeat safe.
    else if (result === 'retry' || result === undefined) again.push(event);
    else lost.push(event);
  }
  const [first] = lost;
  const said = first && (resultOf(outcome.results, idOf(first))?.details ?? 'no details');
  const details = {
    status: outcome.status,
    ...(first && { cause: new Error(`The server refused event ${first.name}: ${said}`) }),
  };
  return { delivered, again, halved: [], lost, lostBecause: 'rejected', details };
}
