import { connections } from './connections.ts';
import { consistency } from './consistency.ts';
import { constraints } from './constraints.ts';
import { indexes } from './indexes.ts';
import { migrations } from './migrations.ts';
import { ping } from './ping.ts';
import { pool } from './pool.ts';
import { replication } from './replication.ts';
import { sequences } from './sequences.ts';
import { slots } from './slots.ts';
import { transactions } from './transactions.ts';
import { wraparound } from './wraparound.ts';

/** Checks on a PostgreSQL server, 15 to 18. */
export const postgres: {
  readonly ping: typeof ping;
  readonly pool: typeof pool;
  readonly connections: typeof connections;
  readonly transactions: typeof transactions;
  readonly replication: typeof replication;
  readonly slots: typeof slots;
  readonly wraparound: typeof wraparound;
  readonly indexes: typeof indexes;
  readonly constraints: typeof constraints;
  readonly sequences: typeof sequences;
  readonly consistency: typeof consistency;
  readonly migrations: typeof migrations;
} = {
  ping,
  pool,
  connections,
  transactions,
  replication,
  slots,
  wraparound,
  indexes,
  constraints,
  sequences,
  consistency,
  migrations,
};

export type { CatalogPolicy } from './catalog-check.ts';
export type { ConnectionsOptions } from './connections.ts';
export type { ConsistencyOptions } from './consistency.ts';
export type { ConstraintsOptions } from './constraints.ts';
// All findings at once, for a person.
export {
  type Diagnosed,
  type DiagnoseOptions,
  type DoctorReport,
  diagnose,
  type ExaminationResult,
} from './diagnose.ts';
export type { Examination, ExaminationOptions } from './examinations.ts';
export { formatDiagnosis } from './format-diagnosis.ts';
export type { IndexesOptions } from './indexes.ts';
export type { ExpectedMigration, MigrationsOptions } from './migrations.ts';
export type { PingOptions } from './ping.ts';
export type { PoolCounters, PoolOptions } from './pool.ts';
// What is used of `pg`.
export type { PostgresClient, PostgresPool } from './postgres-pool.ts';
export type { Relation } from './relation-plan.ts';
export type { ReplicationOptions } from './replication.ts';
export type { SequencesOptions } from './sequences.ts';
export type { SlotsOptions } from './slots.ts';
export type { TransactionsOptions } from './transactions.ts';
export type { WraparoundOptions } from './wraparound.ts';
