import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHealth } from '../src/index.ts';
import { manualClock } from './manual-clock.ts';

const TIMEOUT_MS = 1_000;
const TTL_MS = 5_000;

/** What one attempt does, and how long it takes. */
const behaviour = fc.record({
  durationMs: fc.constantFrom(0, 1, 999, 1_000, 1_001, 7_000, Infinity),
  ending: fc.constantFrom('pass', 'warn', 'throw', 'reject-string', 'garbage'),
  heedsSignal: fc.boolean(),
});
const step = fc.record({
  waitMs: fc.constantFrom(0, 1, 400, 1_000, 5_000, 5_001, 16_001),
  probes: fc.integer({ min: 0, max: 3 }),
});

type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never;

function endingOf(ending: string): undefined | { status: 'warn' } {
  if (ending === 'throw') throw new Error('down');
  // oxlint-disable-next-line typescript/only-throw-error -- a check may throw anything
  if (ending === 'reject-string') throw 'down';
  if (ending === 'garbage') return 'yes' as unknown as undefined;
  return ending === 'warn' ? { status: 'warn' } : undefined;
}

test('on any timeline: one attempt at a time, late results dropped, every probe answered in time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(behaviour, { minLength: 1, maxLength: 8 }),
      fc.array(step, { minLength: 1, maxLength: 25 }),
      async (behaviours, steps) => {
        const clock = manualClock();
        let runningCount = 0;
        let attemptCount = 0;
        let lastStartedAt = -Infinity;
        let lastVerdict = 'not_run';
        const run = async ({ signal }: { signal: AbortSignal }) => {
          runningCount += 1;
          // Noted, not thrown: thrown, it would only be one more failing check.
          const sinceMs = clock.monotonic() - lastStartedAt;
          if (runningCount > 1 || sinceMs < TTL_MS) wrong.push([runningCount, sinceMs]);
          lastStartedAt = clock.monotonic();
          const mine = behaviours[attemptCount % behaviours.length] as Behaviour;
          attemptCount += 1;
          try {
            await pause(mine, signal);
            if (clock.monotonic() - lastStartedAt < TIMEOUT_MS) lastVerdict = mine.ending;
            return endingOf(mine.ending);
          } finally {
            runningCount -= 1;
          }
        };
        const pause = ({ durationMs, heedsSignal }: Behaviour, signal: AbortSignal) =>
          new Promise<void>((resolve, reject) => {
            if (durationMs === 0) resolve();
            else if (durationMs < Infinity) clock.setTimeout(resolve, durationMs);
            signal.addEventListener('abort', () => {
              lastVerdict = 'timeout';
              if (heedsSignal) reject(signal.reason);
            });
          });

        const health = createHealth({ checks: { one: run }, clock });
        const wrong: unknown[] = [];
        let openCount = 0;
        for (const { waitMs, probes } of steps) {
          for (let index = 0; index < probes; index += 1) {
            const askedAt = clock.monotonic();
            openCount += 1;
            void (async () => {
              const { status } = await health.fetch(new Request('http://localhost/readyz'));
              openCount -= 1;
              const waitedMs = clock.monotonic() - askedAt;
              if (waitedMs > TIMEOUT_MS || ![200, 503].includes(status))
                wrong.push([status, waitedMs]);
            })();
          }
          await clock.advance(waitMs);
          const { one } = health.report().checks;
          const codes: Record<string, string[]> = {
            not_run: ['not_run'],
            pass: ['ok', 'stale'],
            warn: ['threshold', 'stale'],
            throw: ['error', 'stale'],
            'reject-string': ['error', 'stale'],
            garbage: ['invalid_result', 'stale'],
            timeout: ['timeout', 'stale'],
          };
          expect(codes[lastVerdict]).toContain(one.code);
          expect(one.status === 'pass').toBe(one.code === 'ok');
          const isLate = (one.durationMs ?? 0) >= TIMEOUT_MS;
          expect(isLate && one.status === 'pass').toBe(false);
        }
        await clock.advance(TIMEOUT_MS);
        expect(openCount).toBe(0);
        expect(wrong).toEqual([]);
        await health.stop();
      },
    ),
    { numRuns: 150 },
  );
});
