import { isServerError } from '../database/client.ts';
import type { Session } from '../database/session.ts';
import type { MigrationRef } from '../errors.ts';

/** A row of the history: a file that was applied, wholly or up to a step. */
export interface HistoryRow extends MigrationRef {
  /** Over the tokens of what was applied. */
  readonly hash: string;
  /** SHA-256 of the bytes of the file that was applied. */
  readonly rawHash: string;
  readonly stepCount: number;
  readonly stepsDone: number;
  /** Fingerprint of the steps that are done. */
  readonly stepsHash: string;
  /** True when a step that cannot be in a transaction was begun, and nobody saw it end. */
  readonly wasInterrupted: boolean;
  /** True when `down` got part of the way: the numbers of steps are those of its down part. */
  readonly isReverting: boolean;
  /** Where an unfinished backfill has got to. */
  readonly position: string | undefined;
  /** `up`, `baseline`, or `adopt:` and the name of a tool. */
  readonly origin: string;
  /** Undefined while steps are left. */
  readonly appliedAt: Date | undefined;
  readonly durationMs: number;
}

/** Rows in no particular order; none when there is no such table. Rejects with the server's error. */
export async function readHistory(session: Session, table: string): Promise<HistoryRow[]> {
  try {
    // One message, hence one round trip; pg gives a result for each statement in it.
    const results: unknown = await session.query(readSql(table));
    const [, , { rows }] = results as [unknown, unknown, { readonly rows: readonly StoredRow[] }];
    return rows.map(rowOf);
  } catch (error) {
    await session.settle('rollback').catch(() => {});
    if (isServerError(error) && error.code === '42P01') return [];
    throw error;
  }
}

/** Casts, because a program may have changed how pg reads numbers and dates. */
function readSql(table: string): string {
  return `
    begin transaction read only;
    set local statement_timeout = 10000;
    select pack, version, name, hash, raw_hash, step_count::text, steps_done::text, steps_hash,
      case when step_running then 'yes' end as step_running,
      case when is_reverting then 'yes' end as is_reverting,
      position, origin, duration_ms::text,
      (extract(epoch from applied_at) * 1000)::text as applied_at
    from ${table};
    commit`;
}

interface StoredRow {
  readonly pack: string;
  readonly version: string;
  readonly name: string;
  readonly hash: string;
  readonly raw_hash: string;
  readonly step_count: string;
  readonly steps_done: string;
  readonly steps_hash: string;
  readonly step_running: string | null;
  readonly is_reverting: string | null;
  readonly position: string | null;
  readonly origin: string;
  readonly duration_ms: string;
  /** Milliseconds since 1970. */
  readonly applied_at: string | null;
}

function rowOf(row: StoredRow): HistoryRow {
  const { pack, version, name, hash, origin } = row;
  return {
    pack,
    version,
    name,
    file: `${pack === '' ? '' : `${pack}/`}${name === '' ? version : `${version}_${name}`}.sql`,
    hash,
    rawHash: row.raw_hash,
    stepCount: Number(row.step_count),
    stepsDone: Number(row.steps_done),
    stepsHash: row.steps_hash,
    wasInterrupted: row.step_running !== null,
    isReverting: row.is_reverting !== null,
    position: row.position ?? undefined,
    origin,
    appliedAt: row.applied_at === null ? undefined : new Date(Number(row.applied_at)),
    durationMs: Number(row.duration_ms),
  };
}
