import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHistory } from '../src/history.ts';
import { createHealth } from '../src/index.ts';
import { isWorse, type Status } from '../src/status.ts';
import { manualClock } from './manual-clock.ts';

const MINUTE_MS = 60_000;
const HELD_MS = 10 * MINUTE_MS;

/** Minutes, not dates, for reading. */
function lines(history: ReturnType<typeof createHistory>, nowMs: number): string[] {
  return history
    .samples(nowMs, nowMs)
    .map(
      ({ from, to, status }) =>
        `${from.getTime() / MINUTE_MS}–${to.getTime() / MINUTE_MS} ${status}`,
    );
}

function filled(results: readonly (readonly [number, Status])[]): ReturnType<typeof createHistory> {
  const history = createHistory(HELD_MS);
  for (const [minute, status] of results) {
    history.add(minute * MINUTE_MS, status, status === 'pass' ? 'ok' : 'error');
  }
  return history;
}

describe('createHistory', () => {
  test.each<[string, [number, Status][], string[]]>([
    ['nothing', [], []],
    ['one result', [[3.5, 'pass']], ['3–4 pass']],
    [
      'the same is one stretch, over pauses too',
      [
        [0, 'pass'],
        [1, 'pass'],
        [9, 'pass'],
      ],
      ['0–10 pass'],
    ],
    [
      'a result holds until the next',
      [
        [0, 'pass'],
        [5, 'fail'],
      ],
      ['0–5 pass', '5–6 fail'],
    ],
    [
      'but no longer than it is believed',
      [
        [0, 'pass'],
        [12, 'pass'],
      ],
      ['0–1 pass', '12–13 pass'],
    ],
    [
      'the worst of a minute counts, whatever comes first',
      [
        [0, 'pass'],
        [1.1, 'pass'],
        [1.2, 'fail'],
        [1.3, 'warn'],
        [2, 'pass'],
      ],
      ['0–1 pass', '1–2 fail', '2–3 pass'],
    ],
    [
      'and in the very first minute',
      [
        [0.1, 'warn'],
        [0.2, 'fail'],
      ],
      ['0–1 fail'],
    ],
  ])('%s', (_, results, expected) => {
    expect(lines(filled(results), 20 * MINUTE_MS)).toEqual(expected);
  });

  test('a day is kept, and a stretch that began before is cut', () => {
    const history = filled([
      [0, 'fail'],
      [1, 'pass'],
      [10, 'pass'],
    ]);
    for (let minute = 11; minute < 1_500; minute += 1)
      history.add(minute * MINUTE_MS, 'pass', 'ok');
    expect(lines(history, 1_499 * MINUTE_MS)).toEqual(['60–1500 pass']);
    expect(lines(history, 2_900 * MINUTE_MS)).toEqual(['1461–1500 pass']);
    expect(lines(history, 5_000 * MINUTE_MS)).toEqual([]);
  });

  test('the array is the same until something changes, and nobody can change it', () => {
    const history = filled([[0, 'pass']]);
    const first = history.samples(10, 10);
    expect(history.samples(59_000, 59_000)).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
    expect(Object.isFrozen(first[0])).toBe(true);
    history.add(30_000, 'fail', 'error');
    expect(history.samples(59_000, 59_000)).not.toBe(first);
  });

  test('on any timeline: at most 1,440 stretches, in order, each minute the worst there was', () => {
    const results = fc.array(
      fc.tuple(
        fc.constantFrom(0, 1_000, 20_000, 61_000, 400_000, 3_000_000),
        fc.constantFrom<Status>('pass', 'warn', 'fail'),
      ),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(results, fc.integer({ min: 1, max: 20 }), (steps, repeats) => {
        const history = createHistory(HELD_MS);
        const worst = new Map<number, Status>();
        let nowMs = 0;
        for (let round = 0; round < repeats; round += 1) {
          for (const [waitMs, status] of steps) {
            nowMs += waitMs;
            history.add(nowMs, status, 'error');
            const minute = Math.floor(nowMs / MINUTE_MS);
            const before = worst.get(minute);
            if (before === undefined || isWorse(status, before)) worst.set(minute, status);
          }
        }
        const samples = history.samples(nowMs, nowMs);
        expect(samples.length).toBeLessThanOrEqual(1_440);
        let end = -Infinity;
        for (const { from, to } of samples) {
          expect(from.getTime()).toBeGreaterThanOrEqual(end);
          end = to.getTime();
          expect(end).toBeGreaterThan(from.getTime());
        }
        const lastMinute = Math.floor(nowMs / MINUTE_MS);
        for (const [minute, status] of worst) {
          if (minute <= lastMinute - 1_440) continue;
          const at = minute * MINUTE_MS;
          const found = samples.find(({ from, to }) => from.getTime() <= at && to.getTime() > at);
          expect(found?.status).toBe(status);
        }
      }),
      { numRuns: 60 },
    );
  });
});

test('a check that changes every minute for two days keeps a day of it', async () => {
  const clock = manualClock();
  let count = 0;
  let jumpedMs = 0;
  const health = createHealth({
    checks: {
      flickering: {
        run: () => ({ status: (count += 1) % 2 === 0 ? ('pass' as const) : ('warn' as const) }),
        every: '1m',
        jitter: 0,
      },
    },
    clock: { ...clock, now: () => clock.now() + jumpedMs },
  });
  health.start();
  await clock.advance(1_500 * MINUTE_MS);
  jumpedMs = -86_400_000;
  await clock.advance(100 * MINUTE_MS);
  const { history } = health.report().checks.flickering;
  expect(history).toHaveLength(1_440);
  // By the wall clock as it is now, although it was set back by a day: no tear, no fold.
  expect(history.at(-1)?.to).toEqual(new Date(clock.now() + jumpedMs + MINUTE_MS));
  expect(history[0]?.from).toEqual(
    new Date(clock.now() + jumpedMs + MINUTE_MS - 1_440 * MINUTE_MS),
  );
  await health.stop();
});
