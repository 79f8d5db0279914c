import type { Rule } from '../rule.ts';
import { ifNotExistsNameCollision, objectAlreadyExists } from './collisions.ts';
import * as types from './column-types.ts';
import * as columns from './columns.ts';
import * as constraints from './constraints.ts';
import type { StatementRule } from './context.ts';
import * as data from './data.ts';
import * as drops from './drops.ts';
import { banDuplicateAssignments } from './duplicate-columns.ts';
import * as enums from './enums-and-domains.ts';
import { FILE_RULES } from './files.ts';
import { foreignKeyWithoutIndex } from './foreign-keys.ts';
import * as indexes from './indexes.ts';
import { redundantIndex } from './redundant-index.ts';
import { objectCreatedLater, unknownColumn } from './references.ts';
import * as renames from './renames.ts';
import * as transactions from './transactions.ts';
import { changingColumnType } from './type-changes.ts';

/** Rules that look at one statement at a time. */
export const STATEMENT_RULES: readonly StatementRule[] = [
  objectCreatedLater,
  unknownColumn,
  ifNotExistsNameCollision,
  objectAlreadyExists,
  indexes.requireConcurrentIndexCreation,
  indexes.requireConcurrentIndexDeletion,
  indexes.requireConcurrentReindex,
  indexes.requireConcurrentPartitionDetach,
  indexes.requireConcurrentRefresh,
  constraints.addingForeignKeyConstraint,
  constraints.constraintMissingNotValid,
  constraints.validateInSameTransaction,
  constraints.disallowedUniqueConstraint,
  constraints.addingPrimaryKey,
  constraints.addingExclusionConstraint,
  constraints.primaryKeyOnNullable,
  columns.addingNotNullableField,
  columns.addingRequiredField,
  columns.addingFieldWithDefault,
  columns.addingAutoIncrementField,
  columns.rewritingTable,
  changingColumnType,
  data.unbatchedBackfill,
  data.dataWorkUnderLock,
  banDuplicateAssignments,
  data.banVacuumFull,
  data.commitInDo,
  enums.addValueUsedInSameTransaction,
  enums.requireEnumValueOrdering,
  enums.banCreateDomainWithConstraint,
  enums.banAlterDomainWithAddConstraint,
  renames.renamingColumn,
  renames.renamingTable,
  renames.renamingObject,
  drops.banDropColumn,
  drops.banDropTable,
  drops.banDropSchema,
  drops.banDropDatabase,
  drops.banDropNotNull,
  drops.banTruncateCascade,
  drops.banDisableTrigger,
  transactions.transactionNesting,
  transactions.refusedStatement,
  transactions.identifierTooLong,
  transactions.attachPartitionWithoutCheck,
  foreignKeyWithoutIndex,
  redundantIndex,
  indexes.wideIndex,
  types.preferBigintPrimaryKey,
  types.preferIdentity,
  types.preferTimestamptz,
  types.preferJsonb,
  types.banCharField,
  types.preferTextField,
  types.preferBigintOverInt,
  types.preferBigintOverSmallint,
  transactions.requireLockTimeout,
  transactions.requireTableSchema,
];

/** All rules, in the order in which they are documented. */
export const RULES: readonly Rule[] = [...FILE_RULES, ...STATEMENT_RULES];

/**
 * squawk's names for what has another name, or several, here. For `-- squawk-ignore`.
 *
 * One rule says more than its namesake: `ban-alter-domain-with-add-constraint` also looks at
 * `alter domain … set not null`, for which PostgreSQL reads the same tables under the same lock.
 * Some say less, because the files are replayed: a type change that is known to be free, and
 * whatever is done to a table of the same file or run.
 */
export const SQUAWK_NAMES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'constraint-missing-not-valid': [
      'constraint-missing-not-valid',
      'adding-foreign-key-constraint',
      'validate-in-same-transaction',
    ],
    'adding-field-with-default': ['adding-field-with-default', 'adding-auto-increment-field'],
    'adding-serial-primary-key-field': [
      'adding-serial-primary-key-field',
      'primary-key-on-nullable',
    ],
    'prefer-big-int': [
      'prefer-bigint-over-int',
      'prefer-bigint-over-smallint',
      'prefer-bigint-primary-key',
    ],
    'prefer-bigint-over-int': ['prefer-bigint-over-int', 'prefer-bigint-primary-key'],
    'prefer-bigint-over-smallint': ['prefer-bigint-over-smallint', 'prefer-bigint-primary-key'],
    'prefer-timestamptz': ['prefer-timestamp-tz'],
    'prefer-repack': ['ban-vacuum-full'],
    'require-timeout-settings': ['require-lock-timeout'],
  }),
);
