import { withTimeout } from '@ops/timeout';
import type { ByteAccount } from './byte-budget.ts';
import type { GroupCommit } from './group-commit.ts';
import type { LostReports } from './lost-reports.ts';
import type { Notify } from './notify.ts';
import type { ParsedIngestOptions } from './options.ts';
import { requestRejection } from './rejection.ts';
import { overloaded, RequestRefusal, type RetryAfter } from './request-refusal.ts';
import { asRefusal, collectResults, resultOf, resultsResponse, retryResponse } from './results.ts';
import type { IngestEvent, SinkOutcome } from './sink.ts';
import { countOutcomes, type Tally } from './tally.ts';
import { type Arrival, type EventRules, type Validated, validateEvent } from './validate-event.ts';

/** What all requests share. */
export interface Handling extends ParsedIngestOptions {
  readonly rules: EventRules;
  readonly retryAfter: RetryAfter;
  readonly commit: GroupCommit;
  readonly notify: Notify;
  readonly tally: Tally;
  readonly lostReports: LostReports;
}

type Outcomes = ReadonlyMap<string, SinkOutcome>;

/**
 * Checks the events of a batch, has them stored, and answers after the commit. Never rejects. `account`
 * is held until their write ends: when that takes longer than the request waits, they are in memory
 * all the same.
 */
export async function storeBatch(
  arrival: Arrival,
  handling: Handling,
  account: Pick<ByteAccount, 'holdFor'>,
): Promise<Response> {
  const { batch, sender } = arrival;
  const { notify, rules } = handling;
  const validated = await Promise.all(
    batch.events.map((raw, index) => validateEvent(raw, index, arrival, rules)),
  );
  let outcomes: Outcomes;
  try {
    outcomes = await commitEvents(validated, handling, account);
  } catch (error) {
    const refusal = asRefusal(error);
    notify.rejected(requestRejection(refusal, sender));
    return retryResponse(validated, batch.dialect, refusal, handling.retryAfter);
  }
  for (const each of validated) reportRejection(each, outcomes, sender, notify);
  reportUnstored(outcomes, arrival, notify);
  acceptLoss(arrival, handling);
  const results = collectResults(validated, (each) => resultOf(each, outcomes));
  return resultsResponse(results, batch.dialect, handling.retryAfter);
}

/**
 * The outcome of each valid event, by id. What becomes of the events is counted and told when it is
 * known, even if the request has been answered, or its client has gone, before.
 */
async function commitEvents(
  validated: readonly Validated[],
  handling: Handling,
  account: Pick<ByteAccount, 'holdFor'>,
): Promise<Outcomes> {
  const { clock, commit, limits, tally } = handling;
  const events = new Map<string, IngestEvent>();
  for (const each of validated) {
    if ('event' in each && !events.has(each.event.id)) events.set(each.event.id, each.event);
  }
  const list = [...events.values()];
  tally.received += validated.length;
  tally.pending += validated.length;
  const writing = list.length === 0 ? Promise.resolve([]) : commit.submit(list);
  if (writing === undefined) {
    countOutcomes(tally, validated, undefined);
    throw overloaded('Too many events are waiting');
  }
  let isAnswered = false;
  const settled = settle(writing, list, validated, handling, () => isAnswered);
  account.holdFor(settled);
  try {
    return await withTimeout(() => settled, limits.writeTimeout, { clock });
  } catch (cause) {
    isAnswered = true;
    const message = 'Events cannot be stored now';
    throw new RequestRefusal(503, 'sink_failed', message, { retry: 'later', cause });
  }
}

async function settle(
  writing: Promise<readonly SinkOutcome[]>,
  list: readonly IngestEvent[],
  validated: readonly Validated[],
  { notify, tally }: Handling,
  isAnswered: () => boolean,
): Promise<Outcomes> {
  let written: readonly SinkOutcome[];
  try {
    written = await writing;
  } catch (cause) {
    countOutcomes(tally, validated, undefined);
    throw cause;
  }
  const outcomes = new Map(
    list.map((event, index) => [event.id, written[index] ?? { result: 'retry' as const }]),
  );
  // After a 503 the client sends the refused ones again too: they are counted when they are refused.
  countOutcomes(tally, validated, outcomes, isAnswered());
  for (const event of list) {
    const outcome = outcomes.get(event.id);
    if (outcome?.result === 'ok' && outcome.duplicate !== true) notify.stored(event);
  }
  return outcomes;
}

function reportRejection(
  each: Validated,
  outcomes: Outcomes,
  sender: string,
  notify: Notify,
): void {
  const facts = { type: 'event', sender, id: each.wireId, name: each.name } as const;
  if ('rejection' in each) {
    const { rejection: reason, details, cause } = each;
    notify.rejected({ ...facts, reason, details, ...(cause !== undefined && { cause }) });
    return;
  }
  const outcome = outcomes.get(each.event.id);
  if (outcome?.result !== 'drop') return;
  const { details, cause } = outcome;
  const reason = 'refused_by_sink';
  notify.rejected({ ...facts, reason, details, ...(cause !== undefined && { cause }) });
}

/** Once for all events that are to be sent again: it is the sink that failed, not one of them. */
function reportUnstored(outcomes: Outcomes, { batch, sender }: Arrival, notify: Notify): void {
  const unstored = [...outcomes.values()].filter(({ result }) => result === 'retry');
  if (unstored.length === 0) return;
  const [cause] = unstored.flatMap((outcome) => ('cause' in outcome ? [outcome.cause] : []));
  const details = `${unstored.length} of ${outcomes.size} events cannot be stored now`;
  const status = batch.dialect.hasResults ? 200 : 503;
  const refusal = new RequestRefusal(status, 'sink_failed', details, { cause });
  notify.rejected(requestRejection(refusal, sender));
}

/** Only now that the answer is a 200: until then the client repeats its report. */
function acceptLoss({ batch, sender }: Arrival, { lostReports, notify, tally }: Handling): void {
  if (batch.lost === undefined) return;
  try {
    const counts = lostReports.accept(sender, batch.lost);
    if (counts === undefined) return;
    for (const count of Object.values(counts)) tally.lost += count;
    notify.lost(sender, counts);
  } catch (cause) {
    const details = cause instanceof Error ? cause.message : 'lost: cannot be read';
    const refusal = new RequestRefusal(200, 'malformed', details, { cause });
    notify.rejected(requestRejection(refusal, sender));
  }
}
