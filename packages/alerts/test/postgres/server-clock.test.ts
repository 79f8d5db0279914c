import fc from 'fast-check';
import { expect, it } from 'vitest';
import { serverClock } from '../../src/postgres/server-clock.ts';
import { createManualClock } from '../manual-clock.ts';

const SERVER_START = Date.UTC(2026, 5, 1);

/** A server that is asked over a line with a delay each way. */
function world() {
  const clock = createManualClock();
  const time = serverClock(clock);
  let serverOffsetMs = SERVER_START - clock.monotonic();
  return {
    clock,
    time,
    trueMs: () => clock.monotonic() + serverOffsetMs,
    setServer(byMs: number): void {
      serverOffsetMs += byMs;
    },
    ask(thereMs: number, backMs: number): void {
      const sentAtMs = clock.monotonic();
      clock.stall(thereMs);
      const serverMs = clock.monotonic() + serverOffsetMs;
      clock.stall(backMs);
      time.observe(serverMs, sentAtMs, clock.monotonic());
    },
  };
}

it('is the wall clock before the first answer, and the server from then on', () => {
  const { clock, time, ask, trueMs } = world();
  expect(time.now()).toBe(clock.now());
  expect(time.isKnown).toBe(false);
  ask(5, 5);
  expect(time.isKnown).toBe(true);
  expect(time.now()).toBe(trueMs());
  clock.setWallClock(3_600_000);
  expect(time.now()).toBe(trueMs());
  clock.stall(1_000);
  expect(time.now()).toBe(trueMs());
});

it('believes the fastest answer, and a slower one only when drift may have made it worse', () => {
  const { clock, time, ask, trueMs } = world();
  ask(1, 1);
  ask(400, 0);
  expect(time.now()).toBe(trueMs());
  const drifting = world();
  drifting.ask(0, 0);
  // The local clock loses a second in an hour.
  drifting.clock.stall(3_600_000);
  drifting.setServer(1_000);
  drifting.ask(20, 20);
  expect(drifting.time.now()).toBe(drifting.trueMs());
  expect(clock.now()).not.toBe(trueMs());
});

it('follows a server that is set forward at once, and one set back at half the speed', () => {
  const { clock, time, ask, trueMs, setServer } = world();
  ask(2, 2);
  setServer(60_000);
  ask(2, 2);
  expect(time.now()).toBe(trueMs());
  const saidMs = time.now();
  setServer(-60_000);
  ask(2, 2);
  expect(time.now()).toBeGreaterThanOrEqual(saidMs);
  clock.stall(10_000);
  expect(time.now()).toBeGreaterThanOrEqual(saidMs + 5_000);
  expect(time.now()).toBeLessThan(saidMs + 5_010);
  clock.stall(200_000);
  expect(time.now()).toBe(trueMs());
});

it('is never off by more than half of the fastest round trip, and never goes back', () => {
  const step = fc.record({
    thereMs: fc.nat(300),
    backMs: fc.nat(300),
    pauseMs: fc.nat(2_000),
    wallMs: fc.integer({ min: -3_600_000, max: 3_600_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const { clock, time, ask, trueMs } = world();
      let lastMs = Number.NEGATIVE_INFINITY;
      let fastestMs = Number.POSITIVE_INFINITY;
      for (const { thereMs, backMs, pauseMs, wallMs } of steps) {
        ask(thereMs, backMs);
        fastestMs = Math.min(fastestMs, thereMs + backMs);
        clock.setWallClock(wallMs);
        clock.stall(pauseMs);
        const nowMs = time.now();
        expect(nowMs).toBeGreaterThanOrEqual(lastMs);
        // 40 steps are 104 s at most, in which 500 millionths are 52 ms.
        const errorMs = fastestMs / 2 + 60;
        expect(nowMs).toBeGreaterThanOrEqual(trueMs() - errorMs);
        // Ahead by more only while it waits, at half the speed, for a better answer to catch up.
        const slowedMs = lastMs + (thereMs + backMs + pauseMs) / 2 + 1;
        expect(nowMs).toBeLessThanOrEqual(Math.max(trueMs() + errorMs, slowedMs));
        lastMs = nowMs;
      }
    }),
  );
});

it('is no earlier than what the server has said', () => {
  const { time, ask, trueMs } = world();
  ask(0, 800);
  const atAnswerMs = trueMs() - 800;
  expect(time.now()).toBeGreaterThanOrEqual(atAnswerMs);
  expect(Number.isInteger(time.now())).toBe(true);
});
