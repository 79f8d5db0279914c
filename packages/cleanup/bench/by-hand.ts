import type pg from 'pg';
import { costOf, type SessionCost } from './session-cost.ts';
import type { Expired } from './tables.ts';

/**
 * What is written where there is no library: one DELETE, or a loop of batches as one finds it in blog
 * posts, by id or by ctid.
 *
 * Neither loop locks what it picks and neither repeats its condition, so both may remove a row that an
 * update has just made fresh. They are here for their cost.
 */
export type ByHand = 'one-delete' | 'id-loop' | 'ctid-loop';

export interface DoneByHand extends SessionCost {
  readonly ms: number;
  readonly deleted: number;
}

/** Rows of a batch of the loops. */
const BATCH = 5_000;

/** @param client of its own: when it is ended, the server has counted what it did. */
export async function deleteByHand(
  client: pg.Client,
  how: ByHand,
  expired: Expired,
): Promise<DoneByHand> {
  const statement = statementOf(how, expired);
  const from = await costOf([client]);
  const startedAt = performance.now();
  let deleted = 0;
  for (;;) {
    const count = (await client.query(statement)).rowCount ?? 0;
    deleted += count;
    if (count === 0 || how === 'one-delete') break;
  }
  const ms = performance.now() - startedAt;
  const to = await costOf([client]);
  return {
    ms,
    deleted,
    cpuMs: to.cpuMs - from.cpuMs,
    walBytes: to.walBytes - from.walBytes,
  };
}

function statementOf(how: ByHand, expired: Expired): string {
  const { table, due } = TABLES[expired];
  if (how === 'one-delete') return `delete from ${table} where ${due}`;
  const picked = (key: string): string => `select ${key} from ${table} where ${due} limit ${BATCH}`;
  return how === 'id-loop'
    ? `delete from ${table} where id in (${picked('id')})`
    : `delete from ${table} where ctid = any(array(${picked('ctid')}))`;
}

const TABLES: Readonly<Record<Expired, { readonly table: string; readonly due: string }>> = {
  started_at: { table: 'workflow_executions', due: `started_at < now() - interval '90 days'` },
  expires_at: { table: 'workflow_executions', due: `expires_at < now() - interval '1 hour'` },
  partitions: { table: 'app_events', due: `created_at < now() - interval '90 days'` },
};
