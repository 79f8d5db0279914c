import type { Clock } from '@ops/timeout';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CheckContext, createHealth, type HealthEvent } from '../src/index.ts';
import { type ManualClock, manualClock, settle } from './manual-clock.ts';
import { type Behaviour, type ModelPolicy, ReferenceModel } from './reference-model.ts';

const TIMEOUT_MS = 1_000;
const EVERY_MS = 7_013;

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  durationMs: fc.constantFrom(0, 3, 997, 1_000, 1_501, 6_007, 30_011, Infinity),
  ending: fc.constantFrom('pass', 'warn', 'throw', 'reject-string', 'garbage'),
  heedsSignal: fc.boolean(),
});
const policy: fc.Arbitrary<ModelPolicy> = fc
  .record({
    isScheduled: fc.boolean(),
    initialDelayMs: fc.constantFrom(0, 2_003),
    failAfter: fc.integer({ min: 1, max: 3 }),
    passAfter: fc.integer({ min: 1, max: 3 }),
    critical: fc.boolean(),
  })
  .map(({ isScheduled, initialDelayMs, ...rest }) => ({
    ...rest,
    timeoutMs: TIMEOUT_MS,
    ttlMs: 5_000,
    maxStaleMs: isScheduled ? 3 * EVERY_MS + TIMEOUT_MS : 16_000,
    everyMs: isScheduled ? EVERY_MS : undefined,
    initialDelayMs: isScheduled ? initialDelayMs : 0,
  }));
const step = fc.record({
  waitMs: fc.constantFrom(0, 1, 401, 999, 4_999, 5_000, 5_001, 16_001, 45_000),
  probes: fc.integer({ min: 0, max: 3 }),
  isReported: fc.boolean(),
  /** Of the wall clock alone. */
  jumpMs: fc.constantFrom(0, 0, 86_400_000, -86_400_000, -1),
});

function endingOf(ending: Behaviour['ending']): undefined | { status: 'warn' } {
  if (ending === 'throw') throw new Error('down');
  // oxlint-disable-next-line typescript/only-throw-error -- a check may throw anything
  if (ending === 'reject-string') throw 'down';
  if (ending === 'garbage') return 'yes' as unknown as undefined;
  return ending === 'warn' ? { status: 'warn' } : undefined;
}

/** The check itself, and a note of everything it sees that must not be. */
function scripted(behaviours: readonly Behaviour[], clock: Clock, wrong: string[]) {
  const startedAt: number[] = [];
  let runningCount = 0;
  const run = async ({ signal, attempt }: CheckContext) => {
    runningCount += 1;
    if (runningCount > 1) wrong.push('two attempts at once');
    if (attempt !== startedAt.push(clock.monotonic())) wrong.push(`attempt ${attempt}`);
    const mine = behaviours[(attempt - 1) % behaviours.length] as Behaviour;
    try {
      await new Promise<void>((resolve, reject) => {
        if (mine.durationMs === 0) resolve();
        else if (mine.durationMs < Infinity) clock.setTimeout(resolve, mine.durationMs);
        signal.addEventListener('abort', () => {
          if (mine.heedsSignal) reject(signal.reason);
        });
      });
      return endingOf(mine.ending);
    } finally {
      runningCount -= 1;
    }
  };
  return { run, startedAt };
}

/** Probes, and a note of those that wait too long. */
function prober(health: { fetch(r: Request): Promise<Response> }, clock: Clock, wrong: string[]) {
  const state = { openCount: 0, probe };
  async function probe(): Promise<void> {
    const askedAt = clock.monotonic();
    state.openCount += 1;
    const { status } = await health.fetch(new Request('http://localhost/readyz'));
    state.openCount -= 1;
    const waitedMs = clock.monotonic() - askedAt;
    if (waitedMs > TIMEOUT_MS || ![200, 503].includes(status)) wrong.push(`${status} ${waitedMs}`);
  }
  return state;
}

function checkOptions({ everyMs, initialDelayMs, ttlMs, maxStaleMs, ...rest }: ModelPolicy) {
  const { timeoutMs: timeout, failAfter, passAfter, critical } = rest;
  const judged = { timeout, failAfter, passAfter, critical, maxStale: maxStaleMs };
  return everyMs === undefined
    ? { ...judged, ttl: ttlMs }
    : { ...judged, every: everyMs, initialDelay: initialDelayMs, jitter: 0.5 };
}

function jumping(clock: ManualClock): { clock: Clock; jump(ms: number): void } {
  let jumpedMs = 0;
  return {
    clock: { ...clock, now: () => clock.now() + jumpedMs },
    jump: (ms) => {
      jumpedMs += ms;
    },
  };
}

/** Each event begins where the last one of its check or group ended. */
function assertChained(events: readonly HealthEvent[]): void {
  const last = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'publisher-failed') continue;
    const about = 'check' in event ? `check ${event.check}` : `group ${event.group}`;
    expect(event.from).not.toBe(event.to);
    expect(last.get(about) ?? event.from).toBe(event.from);
    last.set(about, event.to);
  }
}

test('on any timeline the engine does and says what the rules say', async () => {
  await fc.assert(
    fc.asyncProperty(
      policy,
      fc.array(behaviour, { minLength: 1, maxLength: 8 }),
      fc.array(step, { minLength: 1, maxLength: 25 }),
      async (given, behaviours, steps) => {
        const manual = manualClock();
        const { clock, jump } = jumping(manual);
        const wrong: string[] = [];
        const events: HealthEvent[] = [];
        const { run, startedAt } = scripted(behaviours, clock, wrong);
        const model = new ReferenceModel(given, behaviours);
        const health = createHealth({
          checks: { one: { run, ...checkOptions(given) } },
          onEvent: (event) => events.push(event),
          clock,
          random: () => 0.5,
        });
        const probes = prober(health, clock, wrong);
        let last = { version: -1, shown: '' };
        for (const { waitMs, probes: count, isReported, jumpMs } of steps) {
          jump(jumpMs);
          for (let index = 0; index < count; index += 1) {
            const waitsBefore = probes.openCount;
            const mustWait = model.probe();
            void probes.probe();
            await settle();
            expect(probes.openCount).toBe(waitsBefore + (mustWait ? 1 : 0));
          }
          await manual.advance(waitMs);
          model.advance(waitMs);
          expect(startedAt).toEqual(model.startedAt);
          if (!isReported) continue;
          const { version, status, checks } = health.report('ready');
          model.look();
          await settle();
          expect(health.report('ready').checks.one).toMatchObject(model.expected());
          const shown = `${status} ${checks.one.status} ${checks.one.code}`;
          expect(shown === last.shown || version !== last.version).toBe(true);
          last = { version, shown };
        }
        await manual.advance(TIMEOUT_MS);
        expect(probes.openCount).toBe(0);
        expect(wrong).toEqual([]);
        assertChained(events);
        await health.stop();
      },
    ),
    { numRuns: 150 },
  );
});
