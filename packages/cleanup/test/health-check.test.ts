import { InvalidOptionsError } from '@ops/timeout';
import { describe, expect, test } from 'vitest';
import { createHealth } from '../../health/src/index.ts';
import {
  type CleanupCheckOptions,
  type CleanupStatus,
  cleanupCheck,
  cleanupMetrics,
  type LastRun,
  type PolicyStatus,
  prometheusText,
} from '../src/index.ts';

const DAY_MS = 86_400_000;
const RUN: LastRun = {
  runId: 'r1',
  startedAt: '2026-03-01T02:00:00.000000Z',
  endedAt: '2026-03-01T02:00:01.250000Z',
  stopped: 'drained',
  deleted: 7,
  softDeleted: 0,
  archived: 3,
};
const GOOD: PolicyStatus = {
  policy: 'jobs',
  table: '"public"."jobs"',
  lateMs: 0,
  lastRun: RUN,
  lastDrainedAt: '2026-03-01T02:00:01.250000Z',
  isOverdue: false,
  why: 'No row is due',
};

function statusOf(...policies: readonly Partial<PolicyStatus>[]): CleanupStatus {
  const all = policies.map((each, index) => ({ ...GOOD, policy: `p${index}`, ...each }));
  return {
    at: '2026-03-02T00:00:00.000000Z',
    ok: all.every(({ isOverdue }) => !isOverdue),
    running: null,
    policies: Object.fromEntries(all.map((each) => [each.policy, each])),
  };
}

function runCheck(status: CleanupStatus, options?: CleanupCheckOptions) {
  const cleanup = { status: () => Promise.resolve(status) };
  return cleanupCheck(cleanup, options).run({ signal: new AbortController().signal });
}

describe('the check', () => {
  test('passes when nothing is late', async () => {
    expect(await runCheck(statusOf({}, { lateMs: DAY_MS }))).toEqual({
      status: 'pass',
      code: 'ok',
      measurement: 'oldestDue',
      value: 86_400,
      unit: 's',
      findings: [],
    });
  });

  test.each([
    ['overdue', { isOverdue: true, why: 'overdue by far' }, 'fail', 'retention_overdue'],
    [
      'of which nothing can be said',
      { isOverdue: true, lateMs: null },
      'fail',
      'retention_overdue',
    ],
    ['late by three days', { lateMs: 3 * DAY_MS }, 'warn', 'retention_late'],
    ['late by seven days', { lateMs: 7 * DAY_MS }, 'fail', 'retention_late'],
    ['that failed last', { lastRun: { ...RUN, stopped: 'failed' } }, 'warn', 'retention_failed'],
    ['refused last', { lastRun: { ...RUN, stopped: 'refused' } }, 'warn', 'retention_failed'],
    ['whose run died', { lastRun: { ...RUN, stopped: null } }, 'warn', 'retention_failed'],
  ] as const)('of a policy that is %s', async (_, policy, status, name) => {
    const measured = await runCheck(statusOf({}, policy));
    expect(measured).toMatchObject({
      status,
      findings: [{ name, object: 'p1 ("public"."jobs")' }],
    });
    expect(measured.findings).toHaveLength(1);
  });

  test('says nothing of a run that is under way, nor of one that a budget ended', async () => {
    const open = { lastRun: { ...RUN, stopped: null, endedAt: null } };
    const running = { runId: 'r1', owner: 'me', startedAt: RUN.startedAt, isStopRequested: false };
    expect(await runCheck({ ...statusOf(open), running })).toMatchObject({ status: 'pass' });
    const short = { lastRun: { ...RUN, stopped: 'budget-time' as const } };
    expect(await runCheck(statusOf(short))).toMatchObject({ status: 'pass' });
  });

  test('the worst of several policies decides, and comes first', async () => {
    const late = { lateMs: 4 * DAY_MS };
    const measured = await runCheck(statusOf(late, { isOverdue: true }));
    expect(measured).toMatchObject({ status: 'fail', value: 345_600 });
    expect(measured.findings.map(({ level }) => level)).toEqual(['error', 'warn']);
  });

  test('takes limits of its own, and refuses those that make no sense', async () => {
    const status = statusOf({ lateMs: DAY_MS });
    expect(await runCheck(status, { late: { warn: '1h' } })).toMatchObject({ status: 'warn' });
    expect(await runCheck(status, { late: { fail: '1d' } })).toMatchObject({ status: 'fail' });
    expect(await runCheck(status, { late: { warn: '30d' } })).toMatchObject({ status: 'pass' });
    const late = { warn: '2d', fail: '1d' } as const;
    expect(() => cleanupCheck({ status: async () => status }, { late })).toThrow(
      InvalidOptionsError,
    );
    const bad = { overdue: '1d' } as CleanupCheckOptions;
    expect(() => cleanupCheck({ status: async () => status }, bad)).toThrow(InvalidOptionsError);
    // What is no cleanup would only be found out by the first check.
    expect(() => cleanupCheck({} as never)).toThrow(InvalidOptionsError);
  });

  test('passes its policies, limit and signal on', async () => {
    const asked: unknown[] = [];
    const cleanup = {
      status(options: unknown) {
        asked.push(options);
        return Promise.resolve(statusOf({}));
      },
    };
    const { signal } = new AbortController();
    await cleanupCheck(cleanup, { policies: ['p0'], overdueAfter: '3d' }).run({ signal });
    expect(asked).toEqual([{ policies: ['p0'], overdueAfter: 259_200_000, signal }]);
  });

  test('is understood by @ops/health, and does not take a process out', async () => {
    const status = statusOf({ isOverdue: true, why: 'overdue by far' });
    const check = cleanupCheck({ status: () => Promise.resolve(status) });
    const health = createHealth({ checks: { retention: { ...check, every: undefined } } });
    try {
      const { checks } = await health.check();
      expect(checks['retention']).toMatchObject({ status: 'warn', code: 'threshold' });
      expect(JSON.stringify(checks['retention'])).toContain('overdue by far');
    } finally {
      await health.stop();
    }
  });
});

describe('metrics', () => {
  test('are text that Prometheus reads', () => {
    const status = statusOf(
      { policy: 'a"b\\c', lateMs: 1_500 },
      { lateMs: null, lastRun: null, lastDrainedAt: null, isOverdue: true },
    );
    expect(
      prometheusText(cleanupMetrics(status))
        .split('\n')
        .filter((line) => !line.startsWith('# HELP')),
    ).toEqual([
      '# TYPE cleanup_running gauge',
      'cleanup_running 0',
      '# TYPE cleanup_oldest_due_seconds gauge',
      'cleanup_oldest_due_seconds{policy="a\\"b\\\\c"} 1.5',
      '# TYPE cleanup_overdue gauge',
      'cleanup_overdue{policy="a\\"b\\\\c"} 0',
      'cleanup_overdue{policy="p1"} 1',
      '# TYPE cleanup_last_drained_timestamp_seconds gauge',
      'cleanup_last_drained_timestamp_seconds{policy="a\\"b\\\\c"} 1772330401.25',
      '# TYPE cleanup_last_run_timestamp_seconds gauge',
      'cleanup_last_run_timestamp_seconds{policy="a\\"b\\\\c"} 1772330400',
      '# TYPE cleanup_last_run_duration_seconds gauge',
      'cleanup_last_run_duration_seconds{policy="a\\"b\\\\c"} 1.25',
      '# TYPE cleanup_last_run_rows gauge',
      'cleanup_last_run_rows{policy="a\\"b\\\\c",outcome="deleted"} 7',
      'cleanup_last_run_rows{policy="a\\"b\\\\c",outcome="soft_deleted"} 0',
      'cleanup_last_run_rows{policy="a\\"b\\\\c",outcome="archived"} 3',
      '# TYPE cleanup_last_run_stopped gauge',
      'cleanup_last_run_stopped{policy="a\\"b\\\\c",reason="drained"} 1',
      '',
    ]);
  });
});
