import { expect, it } from 'vitest';
import { createManualClock } from '../manual-clock.ts';
import { alert, change, message, read, unit } from '../store-contract.ts';
import { useAlertsDatabase } from './setup.ts';

const { db, open, value } = useAlertsDatabase();

const count = (table: string): Promise<unknown> => value(`select count(*)::int from ${table}`);

/** A session whose next tick is an hour after its first. */
async function anHourLater(clock = createManualClock(), options = {}) {
  const session = open({ clock, ...options });
  await read(session);
  clock.stall(3_600_000);
  return { session, clock };
}

it('removes what is old once an hour, by one of the replicas', async () => {
  const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString();
  const writer = open();
  await writer.commit([
    unit({
      alerts: [
        alert('old', { startedAt: day(99), endedAt: day(91) }),
        alert('kept', { startedAt: day(99), endedAt: day(89) }),
        alert('lasting', { startedAt: day(999) }),
      ],
      messages: [
        message('left', { group: 'gone', expiresAtMs: Date.now() - 2 * 86_400_000 }),
        message('late', { group: 'alive', expiresAtMs: Date.now() - 2 * 86_400_000 }),
        message('young', { group: 'alive' }),
      ],
    }),
  ]);
  await writer.commit([unit({ documents: [change('s:a', 0), change('s:b', 5)] })]);
  await writer.addSilence({
    id: 'old',
    match: {},
    startsAt: day(99),
    endsAt: day(91),
    by: 'ann',
    reason: '',
  });
  expect(await count('ops_alerts_documents')).toBe(1);
  const replicas = await Promise.all(Array.from({ length: 4 }, () => anHourLater()));
  await Promise.all(replicas.map(({ session }) => read(session)));
  // Closing would leave the rest for the next hour.
  while ((await count('ops_alerts_history')) !== 2) await read(writer);
  await Promise.all(replicas.map(({ session }) => session.close()));
  const left = await writer.history({ sinceMs: 0, limitCount: 10 });
  expect(left.map(({ id }) => id).toSorted()).toEqual(['kept', 'lasting']);
  expect((await writer.waiting('ops', 10)).map(({ id }) => id)).toEqual(['late', 'young']);
  expect(await count('ops_alerts_silences')).toBe(0);
  expect(await count('ops_alerts_documents')).toBe(0);
  const turn = await value('select last_at::text from ops_alerts_upkeep');
  const { session } = await anHourLater();
  await read(session);
  await session.close();
  expect(await value('select last_at::text from ops_alerts_upkeep')).toBe(turn);
});

it('removes thousands in batches, and only of its own scope', async () => {
  const rows = `insert into ops_alerts_history
    select $1, 'a' || n, 'spike', 1, now() - interval '2 days', now() - interval '1 day', '{}'
    from generate_series(1, $2::int) as n`;
  await db.pool().query(rows, ['a/test', 2_500]);
  await db.pool().query(rows, ['b/test', 5]);
  const { session } = await anHourLater(createManualClock(), { retention: '1h' });
  await read(session);
  while ((await count('ops_alerts_history')) !== 5) await read(session);
  await session.close();
  expect(await value('select min(scope) from ops_alerts_history')).toBe('b/test');
});

it('logs what keeps it from it, and goes on', async () => {
  const logged: object[] = [];
  const logger = { info() {}, warn: (fields: object) => void logged.push(fields), error() {} };
  const { session } = await anHourLater(createManualClock(), { logger });
  await db.pool().query('drop table ops_alerts_upkeep');
  await read(session);
  await session.close();
  expect(logged).toMatchObject([
    { cause: expect.stringMatching(/^AlertTablesMissingError: .*ensureTables/) },
  ]);
  expect((await read(session)).documents).toEqual([]);
});
