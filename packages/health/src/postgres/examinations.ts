import type { Measurement } from '../measurement.ts';
import {
  adviseDuplicateIndexes,
  adviseUnindexedKeys,
  adviseUnusedIndexes,
} from './advice-on-indexes.ts';
import { adviseDeadRows, adviseDisabledTriggers, adviseKeylessTables } from './advice-on-tables.ts';
import { type Inspect, inspectOn } from './catalog-check.ts';
import type { CheckConnection, ReadLimits } from './check-connection.ts';
import { inspectConnections } from './connections.ts';
import { columnsOf, DEFAULT_CHUNK, reportOf, scanInTurn } from './consistency.ts';
import { inspectConstraints } from './constraints.ts';
import { inspectIndexes } from './indexes.ts';
import { inspectMigrations, type MigrationsOptions } from './migrations.ts';
import type { Relation } from './relation-plan.ts';
import { createRelationScan } from './relation-scan.ts';
import { createReplicationInspection } from './replication.ts';
import { inspectSequences } from './sequences.ts';
import { inspectSlots } from './slots.ts';
import { inspectTransactions } from './transactions.ts';
import { inspectWraparound } from './wraparound.ts';

/** What some examinations need to be told. */
export interface ExaminationOptions {
  /** For `consistency`, which is left out without them. */
  readonly relations?: readonly Relation[] | undefined;
  /** For `migrations`, which is left out without this. */
  readonly migrations?: Pick<MigrationsOptions, 'table' | 'expected'> | undefined;
}

type Inspection =
  | 'connections'
  | 'transactions'
  | 'replication'
  | 'slots'
  | 'wraparound'
  | 'indexes'
  | 'constraints'
  | 'sequences'
  | 'disabledTriggers'
  | 'keylessTables'
  | 'duplicateIndexes'
  | 'unusedIndexes'
  | 'unindexedForeignKeys'
  | 'deadRows';

/** Those of the checks, then what is merely worth knowing. In this order. */
const INSPECTIONS: Readonly<Record<Inspection, () => Inspect>> = {
  connections: () => inspectConnections(),
  transactions: () => inspectTransactions(),
  replication: () => createReplicationInspection(),
  slots: () => inspectSlots(),
  wraparound: () => inspectWraparound(),
  indexes: () => inspectIndexes(),
  constraints: () => inspectConstraints(),
  sequences: () => inspectSequences(),
  disabledTriggers: () => adviseDisabledTriggers(),
  keylessTables: () => adviseKeylessTables(),
  duplicateIndexes: () => adviseDuplicateIndexes(),
  unusedIndexes: () => adviseUnusedIndexes(),
  unindexedForeignKeys: () => adviseUnindexedKeys(),
  deadRows: () => adviseDeadRows(),
};

/** Something that `diagnose` can look at. */
export type Examination = Inspection | 'migrations' | 'consistency';

export const examinationNames: readonly Examination[] = [
  ...(Object.keys(INSPECTIONS) as Inspection[]),
  'migrations',
  'consistency',
];

/** Undefined when it was not told what it needs to know. */
export async function examine(
  name: Examination,
  connection: CheckConnection,
  limits: ReadLimits,
  { relations, migrations }: ExaminationOptions,
): Promise<Measurement | undefined> {
  if (name === 'consistency') {
    return relations && examineRelations(connection, limits, relations);
  }
  if (name === 'migrations') {
    return migrations && inspectOn(connection, limits, inspectMigrations(migrations));
  }
  return inspectOn(connection, limits, INSPECTIONS[name]());
}

/** All of each table, for somebody waits for the answer and asks once. */
async function examineRelations(
  connection: CheckConnection,
  limits: ReadLimits,
  relations: readonly Relation[],
): Promise<Measurement> {
  const scans = columnsOf(relations).map((one) => createRelationScan(one, DEFAULT_CHUNK));
  await scanInTurn(scans, 0, connection, limits, Infinity);
  return reportOf(scans);
}
