export type { SqlClient, SqlPool } from './database.ts';
export type { ColumnMapping, EventField, PostgresSinkOptions } from './options.ts';
export { postgresSink } from './postgres-sink.ts';
