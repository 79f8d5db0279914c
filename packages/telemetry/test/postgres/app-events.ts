import type pg from 'pg';
import type { IngestEvent } from '../../src/ingest/index.ts';
import { ensureTables } from '../../src/postgres/index.ts';
import { uuid7 } from '../../src/uuid.ts';

/** The table as an application would have made it. */
export async function createAppEvents(pool: pg.Pool, userId = 'uuid'): Promise<void> {
  await pool.query(`
    create table app_events (
      id uuid primary key,
      user_id ${userId},
      event_type text not null,
      path text,
      meta jsonb,
      created_at timestamptz not null default now()
    )`);
}

/** The partitioned table, with partitions for the months around March 2026. */
export async function createPartitioned(pool: pg.Pool, schema: string): Promise<void> {
  await ensureTables(pool, { schema, clock: { now: () => Date.parse('2026-03-01T12:00:00Z') } });
}

export async function count(pool: pg.Pool, table = 'app_events'): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]?.n ?? -1;
}

export const USER = '018f0000-0000-7000-8000-00000000000a';

export function event(fields: Partial<IngestEvent> = {}): IngestEvent {
  return {
    id: uuid7(Date.now()),
    name: 'ping',
    props: { n: 1 },
    context: { userId: USER, path: '/home' },
    timestamp: new Date('2026-03-01T11:59:59.123Z'),
    clientTimestamp: new Date('2026-03-01T11:59:59.123Z'),
    receivedAt: new Date('2026-03-01T12:00:00Z'),
    source: 'key:0123abcd',
    sampleRate: 1,
    ...fields,
  };
}
