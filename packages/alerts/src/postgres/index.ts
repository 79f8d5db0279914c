export type { SqlClient, SqlPool } from './database.ts';
export { type EnsureTablesOptions, ensureTables } from './ensure-tables.ts';
export { AlertTablesMissingError } from './errors.ts';
export type { PostgresStoreOptions } from './options.ts';
export { postgresStore } from './postgres-store.ts';
export { alertsTables, type MigrationPack, type PackMigration } from './tables.ts';
