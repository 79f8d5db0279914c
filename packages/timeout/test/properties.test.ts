// Random schedules of successes, failures, aborts and clock jumps through a full pipeline.
import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backoff,
  bulkhead,
  type CircuitState,
  circuitBreaker,
  deadline,
  hedge,
  type PipelineEvent,
  pipeline,
  retry,
  retryBudget,
  timeout,
} from '../src/index.ts';
import { assertNothingLeft, manualClock } from '../src/testing/index.ts';
import { gate, never } from './outcomes.ts';

type Step = { readonly kind: 'resolve' | 'reject' | 'throw' | 'hang'; readonly afterMs: number };

interface Call {
  readonly startsAtMs: number;
  readonly abortsAtMs: number | undefined;
  readonly idempotent: boolean | undefined;
  readonly key: string;
  readonly steps: readonly Step[];
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('resolve', 'reject', 'throw', 'hang'),
  afterMs: fc.nat({ max: 150 }),
});
const call: fc.Arbitrary<Call> = fc.record({
  startsAtMs: fc.nat({ max: 500 }),
  abortsAtMs: fc.option(fc.nat({ max: 800 }), { nil: undefined }),
  idempotent: fc.constantFrom(true, false, undefined),
  key: fc.constantFrom('a', 'b'),
  steps: fc.array(step, { maxLength: 4 }),
});
const schedule = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 8 }),
  jumps: fc.array(fc.tuple(fc.nat({ max: 800 }), fc.integer({ min: -1e9, max: 1e9 })), {
    maxLength: 3,
  }),
  retries: fc.nat({ max: 3 }),
  isHedged: fc.boolean(),
});

const LEGAL: Record<string, readonly CircuitState[]> = {
  closed: ['open'],
  open: ['half-open'],
  'half-open': ['open', 'closed'],
};
const DEADLINE_MS = 600;

describe('a full pipeline', () => {
  it('settles each call once, in time, with its own outcome, and leaves nothing', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async ({ calls, jumps, retries, isHedged }) => {
        const clock = manualClock();
        // An assertion that throws inside an operation or a listener would be taken for its failure.
        const faults: unknown[] = [];
        const states = new Map<string, CircuitState>();
        const onEvent = (event: PipelineEvent): void => {
          if (event.type !== 'circuit') return;
          const isKnown = (states.get(event.key) ?? 'closed') === event.from;
          if (!isKnown || !LEGAL[event.from]?.includes(event.to)) faults.push(event);
          states.set(event.key, event.to);
        };
        const budget = retryBudget({ clock });
        const limit = bulkhead({ limit: 2, queue: 2, queueTimeout: 100 });
        const breaker = circuitBreaker({ consecutive: 3, openFor: 50, clock });
        const run = pipeline(
          { clock, onEvent },
          limit,
          deadline(DEADLINE_MS),
          retry({ retries, budget, backoff: backoff.exponential({ base: 20 }) }),
          breaker,
          ...(isHedged ? [hedge({ delay: 30, budget })] : []),
          timeout(100),
        );

        const controllers = calls.map(() => new AbortController());
        const settled = calls.map(() => 0);
        const ended: number[] = [];
        const agenda: [number, () => void][] = jumps.map(([at, by]) => [at, () => clock.jump(by)]);
        calls.forEach(({ startsAtMs, abortsAtMs, idempotent, key, steps }, index) => {
          const signal = controllers[index]?.signal;
          const reason = { abortOf: index };
          const runs = new Map<number, number>();
          let isOver = false;
          const operation = ({ attempt }: { attempt: number }): Promise<unknown> => {
            const count = (runs.get(attempt) ?? 0) + 1;
            runs.set(attempt, count);
            const allowed = isHedged && idempotent !== false ? 2 : 1;
            if (isOver || attempt > retries + 1 || count > allowed) {
              faults.push({ index, attempt, count, isOver });
            }
            const { kind, afterMs } = steps[attempt - 1] ?? { kind: 'resolve', afterMs: 1 };
            if (kind === 'throw') throw new Error('at once');
            if (kind === 'hang') return never();
            const { promise, resolve, reject } = gate<unknown>();
            // Late ones too: they must change nothing. Not on the clock, which is checked for timers.
            agenda.push([
              clock.monotonic() + afterMs,
              () => (kind === 'resolve' ? resolve(index) : reject(new Error('down'))),
            ]);
            return promise;
          };
          const settle = (): void => {
            isOver = true;
            if (signal && getEventListeners(signal, 'abort').length > 0) {
              faults.push({ index, fault: 'a listener is left in the turn of the outcome' });
            }
            settled[index] = (settled[index] ?? 0) + 1;
            ended[index] = clock.monotonic();
          };
          agenda.push([
            startsAtMs,
            () => {
              void (async () => {
                try {
                  const value = await run(operation, { signal, key, idempotent });
                  if (value !== index) faults.push({ index, value });
                } catch (error) {
                  // Aborted while it ran: nothing but the reason.
                  if (signal?.aborted && error !== reason) faults.push({ index, error });
                }
                settle();
              })();
            },
          ]);
          if (abortsAtMs !== undefined) {
            agenda.push([
              abortsAtMs,
              () => {
                controllers[index]?.abort(reason);
              },
            ]);
          }
        });

        for (let nowMs = 0; nowMs <= 2_000; nowMs += 10) {
          for (const entry of agenda.splice(0)) {
            if (entry[0] <= nowMs) entry[1]();
            else agenda.push(entry);
          }
          await clock.advance(10);
        }

        expect(faults).toEqual([]);
        expect(settled).toEqual(calls.map(() => 1));
        calls.forEach(({ startsAtMs, abortsAtMs = Infinity }, index) => {
          // 100 ms in the queue, then the deadline; the agenda and the clock move 10 ms at a time.
          const latestMs = Math.min(
            startsAtMs + 100 + DEADLINE_MS,
            Math.max(startsAtMs, abortsAtMs),
          );
          expect(ended[index]).toBeLessThanOrEqual(latestMs + 20);
        });
        expect([limit.stats('a'), limit.stats('b')]).toEqual(
          Array.from({ length: 2 }, () => ({ running: 0, queued: 0 })),
        );
        assertNothingLeft({ clock, signals: controllers.map(({ signal }) => signal) });
        // No probe has kept its place: after the open time a good call closes each circuit.
        await clock.advance(400_000);
        for (const key of ['a', 'b']) {
          await run(async () => 'well', { key });
          expect(breaker.state(key)).toBe('closed');
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
