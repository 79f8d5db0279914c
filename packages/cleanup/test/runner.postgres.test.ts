import { describe, expect, test } from 'vitest';
import type { BatchFacts, LeaseState, Ledger } from '../src/history/ledger.ts';
import { type CleanupEvent, createCleanup, type Throttle } from '../src/index.ts';
import { parseOptions, parseRunOptions } from '../src/parse-options.ts';
import { runAll } from '../src/run-all.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, jobIds, jobsCleanup, makeJobs } from './expired-table.ts';

const db = useCleanupDatabase();
const POLICY = {
  table: 'jobs',
  olderThan: { column: 'started_at', age: '90d' },
  safety: { maxShare: 1 },
} as const;

/** A ledger whose lease is in `state`, and what it was told. */
function recording(state: (batch: number) => LeaseState, busy = false) {
  const facts: BatchFacts[] = [];
  const closed: string[] = [];
  let batchCount = 0;
  const ledger: Ledger = {
    acceptedShares: () => Promise.resolve(new Map()),
    open: () =>
      Promise.resolve(
        busy
          ? 'busy'
          : {
              runId: 'r1',
              heartbeat: () => Promise.resolve('held' as const),
              openPolicy: () =>
                Promise.resolve({
                  cursor: undefined,
                  fence: () => {
                    batchCount += 1;
                    return Promise.resolve(state(batchCount));
                  },
                  record: async (query, fact) => {
                    await query('select 1');
                    facts.push(fact);
                  },
                  close: (report) => {
                    closed.push(`${report.policy} ${report.stopped} ${report.deleted}`);
                    return Promise.resolve();
                  },
                }),
              close: ({ ok }) => {
                closed.push(`run ${ok}`);
                return Promise.resolve();
              },
            },
      ),
  };
  return { ledger, facts, closed };
}

describe('the lease', () => {
  test.each([
    ['lost', 'fenced', false],
    ['stop-requested', 'stopped', true],
  ] as const)(
    'that is %s ends the run with %s, and nothing more is committed',
    async (state, stopped, ok) => {
      const pool = db.pool();
      await makeJobs(pool, 30);
      const { ledger, facts, closed } = recording((batch) => (batch > 2 ? state : 'held'));
      const settings = parseOptions({
        pool,
        pace: { ...AT_ONCE, maxBatch: 5 },
        policies: { jobs: POLICY, more: POLICY },
      });
      const policies = ['jobs', 'more'];
      const report = await runAll(settings, ledger, { ...parseRunOptions({}), policies });
      expect(report).toMatchObject({ ok, deleted: 10 });
      expect(new Map(Object.entries(report.policies)).get('jobs')).toMatchObject({
        stopped,
        deleted: 10,
      });
      expect(new Map(Object.entries(report.policies)).get('more')).toMatchObject({
        stopped,
        deleted: 0,
      });
      expect(await jobIds(pool)).toHaveLength(20);
      expect(facts.map(({ deleted, picked }) => [picked, deleted])).toEqual([
        [5, 5],
        [5, 5],
      ]);
      expect(facts[1]?.cursor).toMatchObject({ step: 'main', walk: 'keyset' });
      expect(facts[1]?.cursor?.position[1]).toBe('10');
      expect(closed).toEqual([`jobs ${stopped} 10`, `run ${ok}`]);
    },
  );

  test('that another runner has makes every policy busy', async () => {
    const pool = db.pool();
    await makeJobs(pool, 5);
    const { ledger } = recording(() => 'held', true);
    const settings = parseOptions({ pool, policies: { jobs: POLICY, more: POLICY } });
    const report = await runAll(settings, ledger, {
      ...parseRunOptions({}),
      policies: ['jobs', 'more'],
    });
    expect(new Map(Object.entries(report.policies)).get('jobs')?.stopped).toBe('busy');
    expect(new Map(Object.entries(report.policies)).get('more')?.stopped).toBe('busy');
    expect(await jobIds(pool)).toHaveLength(5);
  });
});

describe('throttles', () => {
  test('are asked before every batch, may ask the database, and hold the run back', async () => {
    const pool = db.pool();
    await makeJobs(pool, 20);
    const answers: number[] = [];
    const throttle: Throttle = {
      name: 'every-second',
      async check({ query }) {
        const [row] = await query('select count(*)::text as n from jobs where id > $1', [0]);
        answers.push(Number(row?.['n']));
        if (answers.length === 2) throw new Error('no answer');
        return answers.length === 3
          ? { go: false, reason: 'too much', retryAfterMs: 1 }
          : { go: true };
      },
    };
    const events: CleanupEvent[] = [];
    const onEvent = (event: CleanupEvent): void => void events.push(event);
    const pace = { ...AT_ONCE, maxBatch: 10 };
    const clock = {
      now: Date.now,
      monotonic: () => performance.now(),
      setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms === 1_000 ? 1 : ms),
      clearTimeout: (timer: unknown) => {
        clearTimeout(timer as NodeJS.Timeout);
      },
    };
    const report = await jobsCleanup(pool, { throttle: [throttle], pace, onEvent, clock }).run();
    expect(report.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 20 });
    expect(report.policies.jobs.throttledMs).toBeGreaterThan(0);
    expect(answers.slice(0, 5)).toEqual([20, 10, 10, 10, 0]);
    expect(events.filter(({ type }) => type === 'throttled')).toMatchObject([
      { throttle: 'every-second', reason: 'it could not be measured: no answer', retryMs: 1_000 },
      { throttle: 'every-second', reason: 'too much', retryMs: 1 },
    ]);
  });

  test('that hold for longer than the budget end the policy, without a batch', async () => {
    const pool = db.pool();
    await makeJobs(pool, 5);
    const throttle: Throttle = {
      name: 'never',
      check: () => Promise.resolve({ go: false, reason: 'never', retryAfterMs: 20_000 }),
    };
    const report = await jobsCleanup(pool, { throttle: [throttle] }).run({
      budget: { time: '10s' },
    });
    expect(report).toMatchObject({ ok: true, deleted: 0 });
    expect(report.policies.jobs.stopped).toBe('throttled');
  });

  test('do not outlast an abort', async () => {
    const pool = db.pool();
    await makeJobs(pool, 5);
    const controller = new AbortController();
    const throttle: Throttle = {
      name: 'never',
      check: () => Promise.resolve({ go: false, reason: 'never', retryAfterMs: 9_000 }),
    };
    const onEvent = ({ type }: CleanupEvent): void => {
      if (type === 'throttled')
        queueMicrotask(() => {
          controller.abort();
        });
    };
    const report = await jobsCleanup(pool, { throttle: [throttle], onEvent }).run({
      signal: controller.signal,
    });
    expect(report.policies.jobs.stopped).toBe('aborted');
  });
});

describe('accept', () => {
  test('takes the hash of a plan as it would be made now, and of no other', async () => {
    const pool = db.pool();
    await makeJobs(pool, 60, 40);
    const cleanup = jobsCleanup(pool, {}, { safety: { maxShare: 0.5 } });
    const plan = await cleanup.plan();
    expect(plan.policies.jobs.refusals).toMatchObject([{ code: 'share' }]);
    const other = await jobsCleanup(
      pool,
      {},
      { olderThan: { column: 'started_at', age: '80d' }, safety: {} },
    ).plan();
    expect(other.hash).not.toBe(plan.hash);
    for (const accept of [other.hash, plan.policies.jobs.hash, 'x']) {
      const refused = await cleanup.run({ accept });
      expect(refused.policies.jobs).toMatchObject({
        stopped: 'refused',
        refusals: [{ code: 'plan' }],
      });
    }
    // Much more than was looked at: another hash.
    await pool.query(`update jobs set started_at = now() - interval '1 year' where id > 80`);
    expect((await cleanup.run({ accept: plan.hash })).policies.jobs.stopped).toBe('refused');
    await pool.query('update jobs set started_at = now() where id > 80');
    expect(await cleanup.run({ accept: plan.hash })).toMatchObject({ ok: true, deleted: 60 });
  });
});

describe('policies', () => {
  test('can be chosen by name, and a wrong name is said', async () => {
    const pool = db.pool();
    await makeJobs(pool, 5);
    const cleanup = createCleanup({ pool, pace: AT_ONCE, policies: { a: POLICY, b: POLICY } });
    expect(Object.keys((await cleanup.plan({ policies: ['b'] })).policies)).toEqual(['b']);
    expect(Object.keys((await cleanup.run({ policies: ['b'] })).policies)).toEqual(['b']);
    await expect(cleanup.run({ policies: ['c'] })).rejects.toThrow(
      "cleanup.run: policies: expected some of a, b, got 'c'",
    );
    await expect(cleanup.plan({ policies: [] })).rejects.toThrow('got none');
  });

  test('on tables that reference each other run children first, and the report keeps their order', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    await pool.query(`
      create table bills (id int primary key, job_id int references jobs on delete restrict, at timestamptz);
      create index on bills (job_id);
      insert into bills select id, id, started_at from jobs`);
    const events: string[] = [];
    const cleanup = createCleanup({
      pool,
      pace: AT_ONCE,
      policies: {
        jobs: POLICY,
        bills: { table: 'bills', olderThan: { column: 'at', age: '90d' }, safety: { maxShare: 1 } },
      },
      onEvent: (event) => {
        if (event.type === 'policy-ended') events.push(event.policy);
      },
    });
    const report = await cleanup.run();
    expect(events).toEqual(['bills', 'jobs']);
    expect(Object.keys(report.policies)).toEqual(['jobs', 'bills']);
    expect(report).toMatchObject({ ok: true, deleted: 20 });
  });
});
