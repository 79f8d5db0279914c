import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckContext, createHealth, type HealthReport, type Outcome } from '../src/index.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

const TIMEOUT_MS = 1_000;
const later = (clock: ManualClock, ms: number) =>
  new Promise<void>((resolve) => void clock.setTimeout(resolve, ms));
const circular: Record<string, unknown> = { status: 'pass' };
circular['value'] = circular;

/** What a check does, and what has to come of it: how long it takes to be known, and what it is. */
type Row = readonly [
  name: string,
  run: (clock: ManualClock, context: CheckContext) => unknown,
  afterMs: number,
  code: string,
];

const MATRIX: readonly Row[] = [
  ['fast', () => undefined, 0, 'ok'],
  ['slow', (clock) => later(clock, 900), 900, 'ok'],
  ['never', () => new Promise(() => {}), TIMEOUT_MS, 'timeout'],
  [
    'throws sync',
    () => {
      throw new Error('at once');
    },
    0,
    'error',
  ],
  ['rejects', () => Promise.reject(new Error('no')), 0, 'error'],
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a check may do it
  ['rejects with no error', () => Promise.reject(null), 0, 'error'],
  [
    'throws after the limit',
    async (clock) => {
      await later(clock, 2_000);
      throw new Error('too late');
    },
    TIMEOUT_MS,
    'timeout',
  ],
  ['resolves after the limit', (clock) => later(clock, 2_000), TIMEOUT_MS, 'timeout'],
  [
    'throws at the abort',
    (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      }),
    TIMEOUT_MS,
    'timeout',
  ],
  ['invalid result', () => ({ status: 'DOWN' }), 0, 'invalid_result'],
  ['a response of fetch', () => new Response('down', { status: 500 }), 0, 'invalid_result'],
  ['huge output', () => ({ value: 'x'.repeat(5_000_000) }), 0, 'invalid_result'],
  [
    'huge error',
    () => {
      throw new Error('x '.repeat(5_000_000));
    },
    0,
    'error',
  ],
  ['circular data', () => circular, 0, 'invalid_result'],
  [
    'circular error',
    () => {
      const error: Error & { cause?: unknown } = new Error('round');
      error.cause = error;
      throw error;
    },
    0,
    'error',
  ],
];

/** Rejections that nobody handles would end a process. */
const unhandled: unknown[] = [];
const note = (reason: unknown) => {
  unhandled.push(reason);
};
beforeAll(() => {
  process.on('unhandledRejection', note);
});
afterAll(() => {
  process.off('unhandledRejection', note);
});

describe.each(['on demand', 'every 10 s'])('%s', (how) => {
  test.each(MATRIX)('%s', async (name, run, afterMs, code) => {
    const clock = manualClock();
    let runCount = 0;
    const spec = {
      run: (context: CheckContext) => {
        runCount += 1;
        return run(clock, context) as Outcome;
      },
      ...(how === 'on demand' ? {} : ({ every: '10s', jitter: 0 } as const)),
    };
    const health = createHealth({
      checks: { odd: spec, fine: { run: () => {}, ttl: '1ms' } },
      groups: { ready: ['odd'], mine: ['fine'] },
      clock,
    });
    const reports: HealthReport[] = [];
    const watching = (async () => {
      for await (const report of health.watch('ready')) reports.push(report);
    })();

    let first: HealthReport | undefined;
    void (async () => {
      first = await health.check('ready');
    })();
    await clock.advance(Math.max(0, afterMs - 1));
    expect(first === undefined).toBe(afterMs > 0);
    expect((await health.check('mine')).status).toBe('pass');
    await clock.advance(1);
    const expected = { status: code === 'ok' ? 'pass' : 'fail', code };
    expect(first).toMatchObject(expected);

    // Once more, from the next round on without waiting; and what was late has come by now.
    await clock.advance(12_000);
    expect((await health.fetch(new Request('http://localhost/readyz'))).status).toBe(
      code === 'ok' ? 200 : 503,
    );
    await clock.advance(4_000);
    expect(health.report('ready')).toMatchObject(expected);
    expect(runCount).toBe(name === 'never' ? 1 : 2);
    expect(JSON.stringify(health.report()).length).toBeLessThan(5_000);
    // A check with a schedule may be done before the first report is taken.
    const changes = reports.map((report) => report.code);
    expect(changes.filter((told) => told !== 'not_run')).toEqual([code]);

    await health.stop();
    await watching;
    await clock.advance(5_000);
    expect(clock.timerCount).toBe(0);
    expect(unhandled).toEqual([]);
  });
});
