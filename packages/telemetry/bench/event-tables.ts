import type pg from 'pg';
import type { IngestEvent } from '../src/ingest/index.ts';
import { ensureTables } from '../src/postgres/index.ts';

/** Which `app_events` the events go to. */
export type TableKind = 'plain' | 'partitioned';

/** What the tables of the sections say of them. */
export const ABOUT = {
  plain: 'a plain table of 6 columns with 2 indexes, as applications have it',
  partitioned: 'the table of `ensureTables`: 10 columns, by month, 3 indexes',
} as const satisfies Readonly<Record<TableKind, string>>;

export async function createTable(pool: pg.Pool, kind: TableKind): Promise<void> {
  if (kind === 'partitioned') {
    await ensureTables(pool);
    return;
  }
  await pool.query(`
create table app_events (
  id uuid primary key,
  event_type text not null,
  user_id text,
  path text,
  meta jsonb not null,
  created_at timestamptz not null
)`);
  await pool.query('create index on app_events (event_type, created_at)');
}

/** One column, as somebody writes it who knows the table. */
export interface Column {
  readonly name: string;
  readonly type: string;
  value(event: IngestEvent): unknown;
}

const BASE: readonly Column[] = [
  { name: 'id', type: 'uuid', value: ({ id }) => id },
  { name: 'event_type', type: 'text', value: ({ name }) => name },
  { name: 'user_id', type: 'text', value: ({ context }) => context['userId'] },
  { name: 'path', type: 'text', value: ({ context }) => context['path'] },
  { name: 'meta', type: 'jsonb', value: ({ props }) => JSON.stringify(props) },
  {
    name: 'created_at',
    type: 'timestamptz',
    value: ({ timestamp }) => timestamp.toISOString(),
  },
];

/** The same columns that the sink fills. */
export const COLUMNS: Readonly<Record<TableKind, readonly Column[]>> = {
  plain: BASE,
  partitioned: [
    ...BASE,
    { name: 'context', type: 'jsonb', value: ({ context }) => JSON.stringify(context) },
    {
      name: 'received_at',
      type: 'timestamptz',
      value: ({ receivedAt }) => receivedAt.toISOString(),
    },
    { name: 'source', type: 'text', value: ({ source }) => source },
    { name: 'sample_rate', type: 'real', value: ({ sampleRate }) => sampleRate },
  ],
};
