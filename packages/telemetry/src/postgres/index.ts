// Where events are stored.
export type { ColumnMapping, EventField } from './columns.ts';
export type { CopyClient, CopyPool, SqlClient, SqlPool } from './database.ts';
// The tables, and their partitions.
export { type EnsurePartitionsOptions, ensurePartitions } from './ensure-partitions.ts';
export { type EnsureTablesOptions, ensureTables } from './ensure-tables.ts';
// What is thrown.
export { ReplayInterruptedError } from './errors.ts';
export type { PartitionsReport } from './fill-partitions.ts';
export type { PostgresSinkOptions } from './options.ts';
export { postgresSink } from './postgres-sink.ts';
// What was kept elsewhere, brought in.
export type { ReplayOptions } from './replay/options.ts';
export type { ReplayRecord } from './replay/record.ts';
export { replay } from './replay/replay.ts';
export type { ReplayRejection, ReplayReport } from './replay/report.ts';
export type { PostgresSinkEvent } from './sink-events.ts';
export { type MigrationPack, type PackMigration, telemetryTables } from './tables.ts';
