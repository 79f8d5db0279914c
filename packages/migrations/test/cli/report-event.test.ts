import { describe, expect, test } from 'vitest';
import { plainText } from '../../src/cli/line.ts';
import { idleState, reportEvent, reportFailure } from '../../src/cli/report-event.ts';
import type { Blocker, MigrationRef } from '../../src/errors.ts';
import type { MigrationEvent, StepRef } from '../../src/events.ts';

const plans: MigrationRef = {
  pack: '',
  version: '7',
  name: 'plans',
  file: 'migrations/7_plans.sql',
};
const packed: MigrationRef = { pack: 'telemetry', version: '1', name: 'events', file: 'x' };
const transaction: StepRef = {
  kind: 'transaction',
  number: 1,
  count: 2,
  line: 3,
  index: undefined,
};
const index: StepRef = { kind: 'index', number: 2, count: 2, line: 9, index: 'i_plans' };
const report: Blocker = {
  pid: 4211,
  applicationName: 'report.sql',
  query: 'select *\n  from plans',
  ageMs: 42_000,
};

/** The lines that a terminal does not need are marked with a ~. */
function tell(
  events: readonly (MigrationEvent | number)[],
  direction: 'up' | 'down' = 'up',
): string[] {
  let nowMs = Date.parse('2025-02-01T12:30:00Z');
  let state = idleState(direction);
  const told: string[] = [];
  for (const event of events) {
    if (typeof event === 'number') {
      nowMs += event;
      continue;
    }
    const reported = reportEvent(state, event, nowMs);
    state = reported.state;
    for (const line of reported.lines) {
      told.push(`${line === reported.progress ? '~' : ''}${plainText(line)}`);
    }
  }
  return [...told, ...reportFailure(state).map(plainText)];
}

const started = (
  stepCount: number,
  stepsDone = 0,
): Extract<MigrationEvent, { type: 'migration-started' }> => ({
  type: 'migration-started',
  migration: plans,
  direction: 'up',
  stepCount,
  stepsDone,
});
const finished: Extract<MigrationEvent, { type: 'migration-finished' }> = {
  type: 'migration-finished',
  migration: plans,
  direction: 'up',
  durationMs: 1_240,
};
const stepFinished = (step: StepRef, outcome: 'done' | 'present' = 'done'): MigrationEvent => ({
  type: 'step-finished',
  migration: plans,
  step,
  outcome,
  durationMs: 72_400,
});
const progress = (
  phase: string,
  ratio: number,
  waitingFor: readonly Blocker[],
): MigrationEvent => ({
  type: 'index-progress',
  migration: plans,
  step: index,
  phase,
  ratio,
  waitingFor,
});
const retry: MigrationEvent = {
  type: 'retry',
  migration: plans,
  step: { ...transaction, count: 1 },
  attempt: 1,
  attempts: 30,
  sqlstate: '55P03',
  delayMs: 180,
  blockers: [report],
};

describe('reportEvent', () => {
  test('a file of one transaction is one line', () => {
    expect(
      tell([
        { type: 'locked', waitedMs: 3, pendingCount: 1 },
        started(1),
        { type: 'step-started', migration: plans, step: { ...transaction, count: 1 } },
        stepFinished({ ...transaction, count: 1 }),
        finished,
      ]),
    ).toMatchInlineSnapshot(`
      [
        "1 pending",
        "  ✓ 7_plans                                       1.2 s",
      ]
    `);
  });

  test('steps stand under their file, what is recovered under it as well', () => {
    expect(
      tell([
        { type: 'locked', waitedMs: 61_000, pendingCount: 3 },
        started(2),
        stepFinished(transaction),
        { type: 'index-recovered', migration: plans, step: index },
        stepFinished(index),
        finished,
        { ...finished, migration: packed },
      ]),
    ).toMatchInlineSnapshot(`
      [
        "3 pending · waited 1m 01s",
        "  ▸ 7_plans                                       2 steps",
        "      ✓ 1/2 transaction, line 3                   1m 12s",
        "      ↻ 2/2 index i_plans  INVALID leftover dropped, building it anew",
        "      ✓ 2/2 index i_plans                         1m 12s",
        "  ✓ 7_plans                                       1.2 s",
        "  ✓ telemetry/1_events                            1.2 s",
      ]
    `);
  });

  test('a retry says who was in the way, under the line of the file', () => {
    expect(
      tell([started(1), retry, { ...retry, attempt: 2, sqlstate: '40P01', blockers: [] }]),
    ).toMatchInlineSnapshot(`
      [
        "  ▸ 7_plans",
        "      ↻ 1/1 transaction, line 3  no lock (55P03), try 2 of 30 in 180 ms; in the way: pid 4211 (report.sql, 42 s): select * from plans",
        "      ↻ 1/1 transaction, line 3  deadlock (40P01), try 3 of 30 in 180 ms",
        "  ✗ 7_plans",
      ]
    `);
  });

  test('progress is said again when there is news or 10 s have passed', () => {
    expect(
      tell([
        started(2, 1),
        progress('building index: scanning table', 0.1, []),
        1_000,
        progress('building index: scanning table', 0.2, []),
        9_000,
        progress('building index: scanning table', 0.63, []),
        1_000,
        progress('waiting for old snapshots', 1, [report]),
        stepFinished(index, 'present'),
        finished,
      ]),
    ).toMatchInlineSnapshot(`
      [
        "  ▸ 7_plans                                       goes on at step 2 of 2",
        "~      ▸ 2/2 index i_plans  building index: scanning table  [█░░░░░░░░░] 10 %",
        "~      ▸ 2/2 index i_plans  building index: scanning table  [██████░░░░] 63 %",
        "~      ▸ 2/2 index i_plans  waiting for old snapshots: pid 4211 (report.sql, 42 s) in the way",
        "      ✓ 2/2 index i_plans                         was there already",
        "  ✓ 7_plans                                       1.2 s",
      ]
    `);
  });

  test('others that build or migrate are named, once', () => {
    const followed: MigrationEvent = {
      type: 'index-followed',
      migration: plans,
      step: index,
      pid: 7,
    };
    const holder = {
      pid: 9,
      applicationName: 'deploy',
      since: new Date('2025-02-01T12:29:00Z'),
    };
    expect(
      tell([
        { type: 'waiting', holder, waitedMs: 0 },
        1_000,
        { type: 'waiting', holder, waitedMs: 1_000 },
        9_000,
        { type: 'waiting', holder, waitedMs: 10_000 },
        { type: 'waiting', holder: undefined, waitedMs: 10_200 },
        started(2),
        followed,
        1_000,
        followed,
        finished,
      ]),
    ).toMatchInlineSnapshot(`
      [
        "~  … waiting for the migration lock, held by pid 9 (deploy, connected for 1m 00s)",
        "~  … waiting for the migration lock, held by pid 9 (deploy, connected for 1m 10s), 10 s so far",
        "~  … waiting for the migration lock, held by a session that is gone by now, 10.2 s so far",
        "  ▸ 7_plans                                       2 steps",
        "~      ▸ 2/2 index i_plans  is being built by pid 7; waiting for it",
        "  ✓ 7_plans                                       1.2 s",
      ]
    `);
  });

  test('a backfill and a function of a module', () => {
    const backfill: StepRef = { ...index, kind: 'backfill', index: undefined };
    expect(
      tell([
        started(2),
        stepFinished({ ...transaction, kind: 'code' }),
        {
          type: 'backfill-progress',
          migration: plans,
          step: backfill,
          rows: 5_000,
          batches: 1,
          ratio: 0.5,
        },
        stepFinished(backfill),
        finished,
      ]),
    ).toMatchInlineSnapshot(`
      [
        "  ▸ 7_plans                                       2 steps",
        "      ✓ 1/2 code                                  1m 12s",
        "~      ▸ 2/2 backfill  5000 rows in 1 batch  [█████░░░░░] 50 %",
        "      ✓ 2/2 backfill                              1m 12s",
        "  ✓ 7_plans                                       1.2 s",
      ]
    `);
  });

  test('on the way down that is said', () => {
    const events: MigrationEvent[] = [
      { type: 'locked', waitedMs: 0, pendingCount: 2 },
      { ...started(1), direction: 'down' },
      { ...finished, direction: 'down' },
    ];
    expect(tell(events, 'down')).toEqual([
      '2 to take back',
      '  ✓ 7_plans                                       taken back, 1.2 s',
    ]);
  });

  test('a run that ends in the middle says where', () => {
    expect(tell([started(2), { type: 'step-started', migration: plans, step: index }])).toEqual([
      '  ▸ 7_plans                                       2 steps',
      '  ✗ 7_plans                                       in step 2 of 2',
    ]);
    expect(tell([started(1)])).toEqual(['  ✗ 7_plans']);
    expect(tell([started(1), finished])).toHaveLength(1);
  });
});
