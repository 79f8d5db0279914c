import type { Clock, Timer } from '@ops/timeout';
import type { CloseReport, UndeliveredMessage } from '../alerts.ts';
import type { Engine } from './engine.ts';
import type { Worker } from './worker.ts';

/** How long to go on. */
export interface CloseSettings {
  readonly drainMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly channels: readonly string[];
}

const MAX_REPORTED_COUNT = 1_000;
/** Rounds to store what was reported, each of which other replicas may beat; a rule that throws stores nothing. */
const MAX_STORING_ROUNDS = 10;

/** Stores what was reported, delivers what can be delivered in the time, and stops. */
export async function closeEngine(engine: Engine, settings: CloseSettings): Promise<CloseReport> {
  const { drainMs, signal, clock } = settings;
  const { front, main } = engine;
  front.stop();
  const workers = new Set([main, engine.current]);
  const countDelivered = (): number =>
    [...workers].reduce((sum, { dispatcher }) => sum + dispatcher.deliveredCount, 0);
  const deliveredBefore = countDelivered();
  if (drainMs === 0) main.dispatcher.pause();
  const deadlineMs = engine.time() + drainMs;
  let isOver = false;
  const draining = drain(engine, deadlineMs, () => isOver);
  // Also with no time to deliver, what was reported is stored: that is one round.
  await endedWithin(draining, drainMs === 0 ? undefined : drainMs, clock, signal);
  isOver = true;
  const { current } = engine;
  await engine.stop();
  workers.add(current);
  const deliveredCount = countDelivered() - deliveredBefore;
  const undelivered = await undeliveredOf(current, settings.channels);
  await engine.closeStore();
  return { deliveredCount, undelivered };
}

/** A round that stores what was reported, and then, while there is time, whatever it takes to deliver. */
async function drain(engine: Engine, deadlineMs: number, isOver: () => boolean): Promise<void> {
  const { time } = engine;
  let round = engine.current.loop.now();
  let storingCount = 0;
  for (;;) {
    const { current } = engine;
    const hasFailed = await round.then(
      () => false,
      () => true,
    );
    if (isOver()) return;
    const { session, dispatcher, loop, nextDueMs, rounds } = current;
    if (!hasFailed && rounds.isWaiting && storingCount < MAX_STORING_ROUNDS) {
      // Other replicas were faster: what was reported is not stored yet.
      storingCount += 1;
      round = loop.now();
      continue;
    }
    if (time() >= deadlineMs) return;
    if (hasFailed) {
      // The store is away. Trying again is up to the loop; soon this process goes on alone.
      round = loop.next();
    } else if (dispatcher.inFlightCount > 0) {
      await dispatcher.idle();
      round = loop.now();
    } else if (current.hasMore) {
      round = loop.now();
    } else {
      if (time() + nextDueMs - session.now() > deadlineMs) return;
      round = loop.next();
    }
  }
}

async function undeliveredOf(
  { session }: Worker,
  channels: readonly string[],
): Promise<readonly UndeliveredMessage[]> {
  const lists = await Promise.all(
    channels.map(async (channel) => {
      // Not told is not the same as none, but nobody can be asked any more.
      const waiting = await session.waiting(channel, MAX_REPORTED_COUNT).catch(() => []);
      return waiting.map(({ id, kind, group, text, alertIds }) => ({
        channel,
        id,
        kind,
        group,
        text,
        alertIds,
      }));
    }),
  );
  return lists.flat();
}

/** Resolves when `work` has, when the time is up, or when `signal` is aborted. */
function endedWithin(
  work: Promise<unknown>,
  ms: number | undefined,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    let timer: Timer | undefined;
    const end = (): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    void work.then(end, end);
    if (signal?.aborted === true) return end();
    // Not unref'd: whoever closes wants to wait for the outcome.
    if (ms !== undefined) timer = clock.setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
