export type { SqlClient, SqlPool } from './database.ts';
export type { ColumnMapping, EventField, PostgresSinkOptions } from './options.ts';
export { postgresSink } from './postgres-sink.ts';
export {
  type EnsureTablesOptions,
  ensureTables,
  type MigrationPack,
  type PackMigration,
  telemetryTables,
} from './tables.ts';
