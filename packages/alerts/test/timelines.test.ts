import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AlertsEvent,
  type Channel,
  createAlerts,
  DeliveryError,
  type MessageSummary,
  type Notification,
  spike,
} from '../src/index.ts';
import { createManualClock, WALL_START } from './manual-clock.ts';

interface Scenario {
  readonly over: number;
  readonly highOver: number | undefined;
  readonly clearBelow: number;
  readonly withinMs: number;
  readonly keepMs: number;
  readonly bursts: readonly { readonly gapMs: number; readonly count: number }[];
}

const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    over: fc.integer({ min: 0, max: 6 }),
    higher: fc.option(fc.integer({ min: 1, max: 4 })),
    clearRatio: fc.double({ min: 0, max: 1, noNaN: true }),
    withinMs: fc.integer({ min: 1, max: 60 }),
    keepMs: fc.integer({ min: 0, max: 40 }),
    bursts: fc.array(
      fc.record({ gapMs: fc.integer({ min: 1, max: 50 }), count: fc.integer({ min: 1, max: 5 }) }),
      { minLength: 1, maxLength: 25 },
    ),
  })
  .map(({ over, higher, clearRatio, ...rest }) => ({
    over,
    highOver: higher === null ? undefined : over + higher,
    clearBelow: Math.max(1, Math.ceil(clearRatio * over)),
    ...rest,
  }));

/** How a scripted channel behaves on one call. */
type Behaviour = 'ok' | 'fails' | 'hangs' | 'refuses' | 'busy' | 'arrives but fails';
const behaviours = fc.array(
  fc.constantFrom<Behaviour>('ok', 'ok', 'fails', 'hangs', 'refuses', 'busy', 'arrives but fails'),
  { maxLength: 60 },
);

/** Looks at every millisecond, counts by hand, and shares no code with what it checks. */
function oracle(scenario: Scenario): string[] {
  const { over, highOver, clearBelow, withinMs, keepMs, bursts } = scenario;
  const log: string[] = [];
  const times: number[] = [];
  let state = 'ok';
  let isHigh = false;
  let clearSince = 0;
  const go = (to: string, at: number): void => {
    log.push(`${at} ${state}>${to}`);
    state = to;
  };
  const look = (at: number): void => {
    const count = times.filter((time) => at - time < withinMs).length;
    const high = highOver !== undefined && count > highOver;
    if (state === 'ok' && count > over) {
      isHigh = high;
      go('firing', at);
    } else if (state === 'firing' && count < clearBelow) {
      if (keepMs === 0) go('ok', at);
      else {
        clearSince = at;
        go('recovering', at);
      }
    } else if (state === 'firing' && high && !isHigh) {
      isHigh = true;
      log.push(`${at} medium>high`);
    } else if (state === 'recovering' && count >= clearBelow) {
      go('firing', at);
      look(at);
    } else if (state === 'recovering' && at - clearSince >= keepMs) go('ok', at);
  };
  let at = 0;
  const until = (end: number): void => {
    for (; at < end; ) look(++at);
  };
  for (const { gapMs, count } of bursts) {
    until(at + gapMs);
    // What comes in one millisecond counts as one.
    for (let index = 0; index < count; index += 1) times.push(at);
    look(at);
  }
  until(at + withinMs + keepMs + 2);
  return log;
}

function scripted(script: readonly Behaviour[]): Channel & { readonly arrived: Notification[] } {
  let call = 0;
  const arrived: Notification[] = [];
  return {
    kind: 'scripted',
    arrived,
    async send(payload) {
      const message = payload as unknown as Notification;
      const behaviour = script[call++] ?? 'ok';
      if (behaviour === 'ok' || behaviour === 'arrives but fails') arrived.push(message);
      if (behaviour === 'fails' || behaviour === 'arrives but fails') throw new Error('no luck');
      if (behaviour === 'refuses') throw new DeliveryError('never', { retryable: false });
      if (behaviour === 'hangs') await new Promise(() => {});
      if (behaviour === 'busy') {
        throw new DeliveryError('busy', { retryable: true, retryAfterMs: 15 });
      }
    },
  };
}

interface Outcome {
  readonly steps: string[];
  readonly delivered: ReadonlyMap<string, readonly MessageSummary[]>;
  readonly arrived: readonly Notification[];
  readonly refused: ReadonlySet<string>;
}

async function play(
  scenario: Scenario,
  script: readonly Behaviour[],
  pass: 'timers run' | 'timers stall',
): Promise<Outcome> {
  const { over, highOver, clearBelow, withinMs, keepMs, bursts } = scenario;
  const clock = createManualClock();
  const events: AlertsEvent[] = [];
  const steps: string[] = [];
  const flaky = scripted(script);
  const alerts = createAlerts({
    service: 'test',
    environment: 'test',
    channels: { flaky, steady: scripted([]) },
    rules: {
      errors: spike({
        over,
        within: withinMs,
        clearBelow,
        keepFiringFor: keepMs,
        severity: { medium: over, high: highOver },
      }),
    },
    routes: [{ to: ['flaky', 'steady'] }],
    delivery: { sendTimeout: 20, maxAge: '1h' },
    clock,
    random: () => 0.01,
    onEvent(event) {
      events.push(event);
      if (event.type === 'transition' || event.type === 'escalation') {
        steps.push(`${Date.parse(event.at) - WALL_START} ${event.from}>${event.to}`);
      }
    },
  });
  for (const { gapMs, count } of bursts) {
    if (pass === 'timers run') await clock.advance(gapMs);
    else clock.stall(gapMs);
    for (let index = 0; index < count; index += 1) alerts.error(new Error('boom'));
  }
  await clock.advance(withinMs + keepMs + 2);
  await clock.advance(3_600_000);
  expect(alerts.active()).toEqual([]);
  expect(clock.timerCount).toBe(0);
  const closing = alerts.close();
  expect(await closing).toEqual({ deliveredCount: 0, undelivered: [] });

  const delivered = new Map<string, MessageSummary[]>();
  for (const event of events) {
    if (event.type !== 'delivered') continue;
    if (event.message.kind === 'undelivered') continue;
    const key = `${event.channel} ${event.message.alertIds[0]}`;
    delivered.set(key, [...(delivered.get(key) ?? []), event.message]);
  }
  return {
    steps,
    delivered,
    arrived: flaky.arrived,
    refused: new Set(
      events.flatMap((event) =>
        event.type === 'failed' ? [`${event.channel} ${event.message.alertIds[0]}`] : [],
      ),
    ),
  };
}

const LETTERS: Readonly<Record<string, string>> = {
  firing: 'F',
  escalated: 'E',
  resolved: 'R',
  'fired-and-resolved': 'X',
};
const lettersOf = (messages: readonly MessageSummary[]): string =>
  messages.map((message) => LETTERS[message.kind] ?? '?').join('');

describe('on random timelines', () => {
  it('there is exactly one transition a crossing, at the exact time, by a count by hand', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, behaviours, async (scenario, script) => {
        const { steps } = await play(scenario, script, 'timers run');
        expect(steps).toEqual(oracle(scenario));
      }),
      { numRuns: 60 },
    );
  });

  it('late timers change nothing, nor do timers that never come', async () => {
    const withoutTime = (step: string): string => step.replace(/^\d+ /, '');
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { steps } = await play(scenario, [], 'timers stall');
        expect(steps.map(withoutTime)).toEqual(oracle(scenario).map(withoutTime));
      }),
      { numRuns: 60 },
    );
  });

  it('firing and resolved alternate for each alert and channel, and an end follows a beginning', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, behaviours, async (scenario, script) => {
        const { delivered, refused } = await play(scenario, script, 'timers run');
        for (const [key, messages] of delivered) {
          const letters = lettersOf(messages);
          expect(letters).toMatch(/^(?:[FE]E*R?|X)$/);
          if (refused.has(key)) continue;
          expect(letters).toMatch(/^(?:FE*R|X)$/);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a flaky channel changes nothing for another', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, behaviours, async (scenario, script) => {
        const { delivered } = await play(scenario, script, 'timers run');
        const steady = [...delivered].filter(([key]) => key.startsWith('steady'));
        const alerts = oracle(scenario).filter((step) => step.endsWith('ok>firing')).length;
        expect(steady).toHaveLength(alerts);
        for (const [, messages] of steady) {
          // An alert may begin and end within one millisecond.
          expect(lettersOf(messages)).toMatch(/^(?:FE*R|X)$/);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('what arrives twice is the same byte for byte, under the same id', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, behaviours, async (scenario, script) => {
        const { arrived } = await play(scenario, script, 'timers run');
        const bodies = new Map<string, string>();
        for (const message of arrived) {
          const { id } = message;
          const body = JSON.stringify(message);
          expect(bodies.get(id) ?? body).toBe(body);
          bodies.set(id, body);
        }
      }),
      { numRuns: 30 },
    );
  });
});
