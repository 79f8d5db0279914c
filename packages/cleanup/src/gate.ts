import type { Database, Query } from './database.ts';
import { inTransaction } from './database.ts';
import type { CleanupEvent } from './events.ts';
import type { LeaseState, LedgerRun } from './history/ledger.ts';
import { pause } from './pace.ts';
import type { StopReason } from './report.ts';
import type { RunBudget } from './run-budget.ts';
import type { Throttle, ThrottleVerdict } from './throttle/throttle.ts';

/** What stands between two batches: throttles, rests, and the heartbeat of the lease. */
export interface Gate {
  /** Resolves once every throttle lets the next batch go, or with why to stop. */
  pass(policy: string): Promise<StopReason | undefined>;
  /** Rests, and keeps the lease meanwhile. Resolves with why to stop. */
  rest(ms: number): Promise<StopReason | undefined>;
  /** Time spent waiting for throttles so far, in milliseconds. */
  readonly throttledMs: number;
}

const HEARTBEAT_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
/** A throttle that does not let go for so long ends the policy; the next run tries again. */
const THROTTLED_MAX_MS = 600_000;
const LIMITS = { lockTimeoutMs: 1_000, statementTimeoutMs: 5_000, access: 'read only' } as const;

export function createGate(options: {
  readonly database: Database;
  readonly throttles: readonly Throttle[];
  readonly budget: RunBudget;
  readonly ledger: LedgerRun;
  readonly emit: (event: CleanupEvent) => void;
}): Gate {
  const { database, throttles, budget, ledger, emit } = options;
  const { clock, signal } = database;
  let throttledMs = 0;
  const rest = async (ms: number): Promise<StopReason | undefined> => {
    let left = ms;
    while (left > HEARTBEAT_MS) {
      await pause(HEARTBEAT_MS, clock, signal);
      if (signal?.aborted === true) return 'aborted';
      left -= HEARTBEAT_MS;
      const stop = leaseStop(await ledger.heartbeat());
      if (stop) return stop;
    }
    await pause(left, clock, signal);
    return undefined;
  };
  const wait = async (
    policy: string,
    held: Held,
    retryMs: number,
  ): Promise<StopReason | undefined> => {
    const waitMs = Math.max(1, held.retryAfterMs ?? retryMs);
    emit({ type: 'throttled', policy, throttle: held.name, reason: held.reason, retryMs: waitMs });
    if (waitMs >= budget.timeLeftMs) return 'throttled';
    const stop = await rest(waitMs);
    return stop ?? leaseStop(await ledger.heartbeat());
  };
  return {
    rest,
    get throttledMs() {
      return throttledMs;
    },
    async pass(policy) {
      const startedAt = clock.monotonic();
      let retryMs = FIRST_RETRY_MS;
      for (;;) {
        const held = await firstHeld(database, throttles);
        if (!held) return undefined;
        const waitedMs = clock.monotonic() - startedAt;
        const stop = waitedMs >= THROTTLED_MAX_MS ? 'throttled' : await wait(policy, held, retryMs);
        retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
        const before = startedAt + waitedMs;
        throttledMs += clock.monotonic() - before;
        if (signal?.aborted === true) return 'aborted';
        if (stop) return stop;
      }
    },
  };
}

/** Why to stop, as the lease says. */
function leaseStop(state: LeaseState): StopReason | undefined {
  if (state === 'lost') return 'fenced';
  return state === 'stop-requested' ? 'stopped' : undefined;
}

interface Held {
  readonly name: string;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
}

async function firstHeld(
  database: Database,
  throttles: readonly Throttle[],
): Promise<Held | undefined> {
  const { clock, signal } = database;
  const query: Query = (text, values) =>
    inTransaction(database, LIMITS, (inner) => inner(text, values));
  for (const throttle of throttles) {
    let verdict: ThrottleVerdict;
    try {
      verdict = await throttle.check({ query, clock, signal });
    } catch (error) {
      const { message } = Object(error) as { message?: unknown };
      verdict = { go: false, reason: `it could not be measured: ${String(message ?? error)}` };
    }
    if (!verdict.go) {
      const { reason, retryAfterMs } = verdict;
      return { name: throttle.name, reason, retryAfterMs };
    }
  }
  return undefined;
}
