import type { Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { Status } from '../status.ts';
import { judge } from '../thresholds.ts';
import {
  byteCount,
  type CatalogPolicy,
  catalogCheck,
  catalogPolicy,
  type Inspect,
  inBytes,
  levelOf,
  MOST_FINDINGS,
  parseCatalogOptions,
  worst,
} from './catalog-check.ts';
import type { PostgresPool } from './postgres-pool.ts';

/** Options of {@link slots}. */
export interface SlotsOptions extends CatalogPolicy {
  /**
   * Bytes of WAL that a slot holds back from which it warns.
   * @default 1_073_741_824 (1 GiB)
   */
  readonly warn?: number | undefined;
  /** @default 10_737_418_240 (10 GiB) */
  readonly fail?: number | undefined;
}

const schema = z.strictObject({
  warn: byteCount,
  fail: byteCount,
  ...catalogPolicy,
} satisfies Shape<SlotsOptions>);

/**
 * Replication slots that hold back WAL, which fills the disk when nobody reads them, or that keep
 * vacuum from removing dead rows (older than `autovacuum_freeze_max_age`), and those that the server
 * is about to drop WAL of (`unreserved`, a warning) or has (`lost`, a failure). A slot in use is
 * judged by the same numbers: a consumer that is connected may hang. Code: `threshold`.
 *
 * The default thresholds are those at which Ubicloud calls replication stalled, soft and hard. Needs
 * no privilege. Runs every minute unless told otherwise. @throws InvalidOptionsError naming every
 * fault.
 */
export function slots(pool: PostgresPool, options: SlotsOptions = {}): ExternalCheckSpec {
  const of = 'postgres.slots';
  const { warn, fail, ...policy } = parseCatalogOptions(schema, options, of);
  return catalogCheck(pool, {
    of,
    everyMs: 60_000,
    policy,
    inspect: inspectSlots({ warn, fail }),
  });
}

interface Slot {
  readonly name: string;
  readonly remedy: string;
  readonly isActive: boolean;
  readonly walStatus: 'reserved' | 'extended' | 'unreserved' | 'lost' | null;
  readonly retainedBytes: number | null;
  readonly xidAge: number | null;
  readonly freezeMaxAge: number;
}

const SELECT_SLOTS = `
  select slot_name as name, active as "isActive", wal_status as "walStatus",
    'select pg_drop_replication_slot(' || quote_literal(slot_name) || ');' as remedy,
    pg_wal_lsn_diff(
      case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
      restart_lsn
    ) as "retainedBytes",
    greatest(age(xmin), age(catalog_xmin)) as "xidAge",
    current_setting('autovacuum_freeze_max_age')::integer as "freezeMaxAge"
  from pg_replication_slots
  order by wal_status = 'lost' desc nulls last, restart_lsn nulls last
  limit $1::integer`;

const GIB = 2 ** 30;

export function inspectSlots({
  warn = GIB,
  fail = Math.max(warn, 10 * GIB),
}: Pick<SlotsOptions, 'warn' | 'fail'> = {}): Inspect {
  return async (read) => {
    const found = await read.rows<Slot>(SELECT_SLOTS, [MOST_FINDINGS]);
    const judged = found.map((slot) => ({ slot, status: statusOf(slot, warn, fail) }));
    const mostBytes = Math.max(0, ...found.map(({ retainedBytes }) => retainedBytes ?? 0));
    return {
      status: worst(judged.map(({ status }) => status)),
      value: mostBytes,
      unit: 'bytes',
      message: `the slots hold back ${inBytes(mostBytes)} of WAL at most`,
      findings: judged.flatMap(({ slot, status }) =>
        status === 'pass' ? [] : [findingOf(slot, status)],
      ),
    };
  };
}

function statusOf(slot: Slot, warn: number, fail: number): Status {
  const { walStatus, retainedBytes, xidAge, freezeMaxAge } = slot;
  if (walStatus === 'lost') return 'fail';
  return worst([
    walStatus === 'unreserved' || (xidAge ?? 0) >= freezeMaxAge ? 'warn' : 'pass',
    judge(retainedBytes ?? 0, { warn, fail }),
  ]);
}

function findingOf(slot: Slot, status: Status): Finding {
  const { name, remedy, isActive, walStatus, retainedBytes, xidAge } = slot;
  const use = isActive ? 'in use' : 'not in use';
  const detail = `The slot is ${use}, holds back ${inBytes(retainedBytes ?? 0)} of WAL, its WAL is ${walStatus ?? 'unknown'}, and the oldest transaction it needs is ${xidAge ?? 0} ids old`;
  return {
    name: walStatus === 'lost' ? 'slot_lost' : 'slot_retention',
    level: levelOf(status),
    object: name,
    detail,
    remediation: isActive
      ? 'See why its consumer does not confirm what it has received'
      : `Start its consumer again, or: ${remedy}`,
  };
}
