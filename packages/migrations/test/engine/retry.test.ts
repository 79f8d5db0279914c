import { describe, expect, test } from 'vitest';
import type { ServerError } from '../../src/database/client.ts';
import { withRetries } from '../../src/engine/retry.ts';
import { type Run, type StepRun, stepRefOf } from '../../src/engine/run.ts';
import { statementFailure } from '../../src/engine/statement-failure.ts';
import type { Blocker, MigrationEvent } from '../../src/events.ts';
import { directory } from '../../src/index.ts';
import type { Step } from '../../src/migration.ts';
import { parseOptions } from '../../src/options.ts';
import { parsed, sqlFile } from '../migration-file.ts';

const migration = parsed(sqlFile('1', 'select 1'));

const BLOCKER: Blocker = { pid: 7, applicationName: 'report', query: 'lock t', ageMs: 1_234 };

function setUp(
  attempts: number,
  random: number,
): { stepRun: StepRun; delays: number[]; events: MigrationEvent[] } {
  const delays: number[] = [];
  const events: MigrationEvent[] = [];
  const settings = parseOptions({
    connection: 'postgres://h/d',
    sources: [directory('.')],
    retry: { attempts, backoff: ['100ms', '1s'] },
    random: () => random,
    clock: {
      now: () => 0,
      monotonic: () => 0,
      setTimeout: (callback, delayMs) => {
        delays.push(delayMs);
        queueMicrotask(callback);
        return 0;
      },
      clearTimeout: () => {},
    },
  });
  const run = {
    settings,
    tally: { retried: 0, recovered: [] },
    watcher: { blockers: [BLOCKER], forget: () => {} },
    emit: (event: MigrationEvent) => events.push(event),
  } as unknown as Run;
  const step = migration.steps[0] as Step;
  return {
    stepRun: {
      run,
      migration,
      step,
      ref: stepRefOf(migration, 0),
      wasInterrupted: false,
      position: undefined,
      recordSql: () => '',
    },
    delays,
    events,
  };
}

function failing(code: string): () => Promise<never> {
  const [statement] = migration.statements;
  return () => {
    const error = Object.assign(new Error('server'), { code, severity: 'ERROR' }) as ServerError;
    throw statement ? statementFailure(migration, statement, error) : error;
  };
}

describe('withRetries', () => {
  test('waits at random below a ceiling that doubles up to the longest', async () => {
    const { stepRun, delays, events } = setUp(7, 0.5);
    await expect(withRetries(stepRun, failing('40P01'))).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_LOCK_TIMEOUT',
      sqlstate: '40P01',
      blockers: [BLOCKER],
      message: expect.stringContaining('pid 7 (report, for 1234 ms): lock t'),
    });
    expect(delays).toEqual([50, 100, 200, 400, 500, 500]);
    expect(stepRun.run.tally.retried).toBe(6);
    expect(events).toHaveLength(6);
    expect(events[0]).toMatchObject({
      type: 'retry',
      attempt: 1,
      attempts: 7,
      sqlstate: '40P01',
      delayMs: 50,
    });
  });

  test.each(['40001', '57014', '23505', '42P07'])('%s is not tried again', async (code) => {
    const { stepRun, delays } = setUp(7, 0.5);
    await expect(withRetries(stepRun, failing(code))).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_SQL',
    });
    expect(delays).toEqual([]);
  });

  test('numbers the attempts and gives back what works in the end', async () => {
    const { stepRun } = setUp(7, 0);
    const result = await withRetries(stepRun, async (attempt) =>
      attempt < 3 ? failing('55P03')() : attempt,
    );
    expect(result).toBe(3);
  });
});
