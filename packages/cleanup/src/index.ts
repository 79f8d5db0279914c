export { InvalidOptionsError } from '@ops/timeout';
export {
  type ArchiveDamage,
  ArchiveDamagedError,
  ArchiveWriteError,
  RestoreRefusedError,
} from './archive/errors.ts';
export type { RestoreOptions } from './archive/restore.ts';
export type { PolicyRestore, RestoreReport, TableRestore } from './archive/restore-report.ts';
export type { RestoreInto } from './archive/restore-target.ts';
export type { ArchiveSink } from './archive/sink.ts';
export { type ToFilesOptions, toFiles } from './archive/to-files.ts';
export { type ToSinkOptions, toSink } from './archive/to-sink.ts';
export { type ToTableOptions, toTable } from './archive/to-table.ts';
export type {
  Action,
  ActionContext,
  ActionKind,
  ActionResult,
  ArchiveCheck,
  ArchiveTarget,
  PickedRows,
} from './batch/action.ts';
export type { CascadeGraph, CascadeKey } from './catalog/cascade-graph.ts';
export type { ColumnFacts } from './catalog/columns.ts';
export type { ForeignKeyFacts, GraphTable, OnDelete } from './catalog/foreign-keys.ts';
export type { Leaf } from './catalog/leaf.ts';
export { type Cleanup, createCleanup } from './cleanup.ts';
export type { CleanupClient, CleanupPool, Query, TextRow } from './database.ts';
export type {
  CleanupDiagnosis,
  CleanupFinding,
  FindingCode,
  FindingSeverity,
} from './doctor/diagnosis.ts';
export type { DoctorOptions } from './doctor/doctor-options.ts';
export { CleanupTablesMissingError, PolicyFailedError, UnknownRunError } from './errors.ts';
export type {
  BatchEvent,
  BatchFailedEvent,
  CleanupEvent,
  PolicyEndedEvent,
  PolicyStartedEvent,
  RowBlockedEvent,
  ThrottledEvent,
} from './events.ts';
export {
  type CleanupCheck,
  type CleanupCheckOptions,
  type CleanupMeasurement,
  type CleanupProblem,
  cleanupCheck,
  type LateLimits,
} from './health-check.ts';
export { type EnsureTablesOptions, ensureTables } from './history/ensure-tables.ts';
export type { StopReport } from './history/stop-run.ts';
export { cleanupTables, type MigrationPack, type PackMigration } from './history/tables.ts';
export { type CleanupMetric, cleanupMetrics, prometheusText } from './metrics.ts';
export type {
  Budget,
  CleanupLogger,
  CleanupOptions,
  HistoryOptions,
  Hold,
  Pace,
  PlanOptions,
  RunOptions,
  StatusOptions,
  StopOptions,
} from './options.ts';
export type {
  BatchSql,
  CleanupPlan,
  DuePartition,
  ForeignKey,
  LeafWalk,
  PolicyPlan,
  Refusal,
  RefusalCode,
  RowCount,
  ShownStatement,
} from './plan.ts';
export type {
  AgePerRow,
  ArchivePolicy,
  CleanupPolicy,
  DeletePolicy,
  HoldExemption,
  InactiveFor,
  InactiveForPolicy,
  KeepLast,
  MinAge,
  OlderThan,
  OlderThanPolicy,
  OrphanOf,
  OrphanPolicy,
  PartitionPolicy,
  PolicyBase,
  PolicySafety,
  SoftDelete,
  SoftDeletePolicy,
  WhatHappens,
  WhichRows,
} from './policy.ts';
export type {
  BatchStatistics,
  BlockedRow,
  CleanupReport,
  PolicyReport,
  StopReason,
} from './report.ts';
export type { UndoOptions } from './soft-delete/undo.ts';
export type { BlockedUndo, PolicyUndo, UndoCounts, UndoReport } from './soft-delete/undo-report.ts';
export { type SqlFragment, type SqlParameter, type SqlTag, sql } from './sql.ts';
export type { Statement } from './statement.ts';
export type { CleanupStatus, LastRun, PolicyStatus, RunningRun } from './status/status.ts';
export type { RunEndedEvent } from './stream.ts';
export { type LongTransactionsOptions, longTransactions } from './throttle/long-transactions.ts';
export { type ReplicationLagOptions, replicationLag } from './throttle/replication-lag.ts';
export type { Throttle, ThrottleContext, ThrottleVerdict } from './throttle/throttle.ts';
export { type HoldBack, throttleWhen } from './throttle/throttle-when.ts';
export { type WalRateOptions, walRate } from './throttle/wal-rate.ts';
