import { systemClock } from '@ops/timeout';
import pg from 'pg';
import { expect, it } from 'vitest';
import { startTemporaryPostgres } from '../../../../test/temporary-postgres.ts';
import { ensureTables, postgresStore } from '../../src/postgres/index.ts';
import { change, read, unit } from '../store-contract.ts';

it('rejects while the server recovers from a crash, and then goes on with what was committed', async () => {
  await using server = await startTemporaryPostgres({ settings: { restart_after_crash: 'on' } });
  const pool = new pg.Pool({ connectionString: server.url, max: 2 });
  pool.on('error', () => {});
  await ensureTables(pool);
  const session = postgresStore(pool, { timeout: '2s' }).open({
    scope: 'a/test',
    clock: systemClock,
  });
  await session.commit([unit({ documents: [change('s:a', 0, 'kept')] })]);
  const { rows } = await pool.query('select pg_backend_pid() as pid');
  const crashed = read(session);
  process.kill(rows[0].pid, 'SIGKILL');
  await crashed.catch(() => {});
  let rejectedCount = 0;
  for (;;) {
    try {
      await read(session);
      break;
    } catch (error) {
      rejectedCount += 1;
      if (rejectedCount > 2_000) throw error;
    }
  }
  expect(rejectedCount).toBeGreaterThan(0);
  expect((await read(session, ['s:a'])).documents).toMatchObject([{ version: 1, value: 'kept' }]);
  expect((await session.commit([unit({ documents: [change('s:a', 1)] })])).isApplied).toEqual([
    true,
  ]);
  expect(pool.waitingCount).toBe(0);
  expect(pool.idleCount).toBe(pool.totalCount);
  await session.close();
  await pool.end();
});
