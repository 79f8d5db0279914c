import { setImmediate } from 'node:timers/promises';
import type { Location } from '../../errors.ts';
import type { Migration } from '../../migration.ts';
import type { Statement } from '../../sql/split.ts';
import { createTextMap, type TextMap } from '../text-map.ts';
import { isServerError, type TraceDatabase } from './database.ts';
import { foreignKeyOids } from './end-state.ts';
import { createdExtension } from './extensions.ts';
import { failureOf } from './failure.ts';
import { worst } from './lock-mode.ts';
import { type Relations, readRelations } from './relations.ts';
import type { TraceEntry, TraceFailure, TraceSkip } from './report.ts';
import { type Effects, type TransactionWatch, watchTransaction } from './watch-transaction.ts';

/** What one file did. */
export interface FileTrace {
  readonly entries: readonly TraceEntry[];
  readonly skipped: readonly TraceSkip[];
  readonly failure: TraceFailure | undefined;
  /** Statements that ran to their end, those of a transaction that was rolled back left out. */
  readonly statementCount: number;
  /** False when there was a reason not to. */
  readonly wasRun: boolean;
}

/** What the files of one replay share. */
export interface ReplayContext {
  readonly database: TraceDatabase;
  /** Extensions that `create extension` can have. */
  readonly available: ReadonlySet<string>;
  /** What counts as having been there before. Undefined: look at nothing. */
  readonly existing: Relations | undefined;
  /** All there is at the beginning of the file, when that has been read. */
  readonly current: Relations | undefined;
  /** Where each foreign key was made, by its object id; added to. */
  readonly foreignKeys: Map<number, Location>;
  readonly signal: AbortSignal | undefined;
}

/** The SQLSTATE of `commit` in a procedure that was called within a transaction. */
const INVALID_TERMINATION = '2D000';
const SQL_LENGTH = 500;

/** @throws the signal's reason, when it is aborted between two statements. */
export async function replayFile(migration: Migration, context: ReplayContext): Promise<FileTrace> {
  const { existing, database } = context;
  const file: FileReplay = {
    ...context,
    knownForeignKeys: new Set(existing === undefined ? [] : await foreignKeyOids(database)),
    migration,
    map: createTextMap(migration.text),
    entries: [],
    skipped: [],
  };
  let statementCount = 0;
  try {
    for (const step of migration.steps) {
      statementCount +=
        step.kind === 'transaction'
          ? await runTogether(file, step.statements)
          : await runEach(file, step.statements);
    }
  } catch (error) {
    if (!(error instanceof StatementFailed)) throw error;
    const failure = failureOf(migration, file.map, error.statement, error.cause);
    return { ...resultOf(file), failure, statementCount };
  }
  return { ...resultOf(file), failure: undefined, statementCount };
}

function resultOf({
  entries,
  skipped,
}: FileReplay): Pick<FileTrace, 'entries' | 'skipped' | 'wasRun'> {
  return { entries, skipped, wasRun: true };
}

interface FileReplay extends ReplayContext {
  readonly migration: Migration;
  readonly map: TextMap;
  readonly knownForeignKeys: Set<number>;
  /** All relations, as long as nothing has been run since they were read. */
  current: Relations | undefined;
  readonly entries: TraceEntry[];
  readonly skipped: TraceSkip[];
}

/** Which statement it was; the server's error is the cause. */
class StatementFailed extends Error {
  readonly statement: Statement;

  constructor(statement: Statement, cause: unknown) {
    super('a statement failed', { cause });
    this.statement = statement;
  }
}

/**
 * In one transaction. A call of a procedure that commits cannot be in one: it is found out by trying,
 * and then run between two transactions, as `up` does it.
 */
async function runTogether(file: FileReplay, all: readonly Statement[]): Promise<number> {
  const statements = all.filter((statement) => !isPassedOver(file, statement));
  const { database, entries, existing } = file;
  const start = existing && (file.current ?? (await readRelations(database)));
  file.current = undefined;
  await database.run('begin');
  const watch = existing && start && (await watchTransaction(database, existing, start));
  const effects: (Effects | undefined)[] = [];
  try {
    for (const statement of statements) {
      effects.push(await runOne(file, statement, watch));
    }
    await attempt(statements.at(-1), () => database.run('commit'));
  } catch (error) {
    await database.run('rollback');
    if (!(error instanceof StatementFailed)) throw error;
    const at = statements.indexOf(error.statement);
    if (isServerError(error.cause) && error.cause.code === INVALID_TERMINATION) {
      const before = at === 0 ? 0 : await runTogether(file, statements.slice(0, at));
      const between = await runEach(file, statements.slice(at, at + 1));
      return before + between + (await runTogether(file, statements.slice(at + 1)));
    }
    entries.push(...entriesOf(file, statements, effects));
    throw error;
  }
  entries.push(...entriesOf(file, statements, effects));
  return statements.length;
}

/** Each outside of a transaction. What it locks is not to be seen, what it has written anew is. */
async function runEach(file: FileReplay, all: readonly Statement[]): Promise<number> {
  const { database, existing, entries } = file;
  for (const statement of all) {
    const before = existing && (file.current ?? (await readRelations(database)));
    file.current = undefined;
    await runOne(file, statement, undefined);
    if (before === undefined) continue;
    const after = await readRelations(database);
    const changed = [...(existing?.values() ?? [])].filter(({ oid }) => {
      const now = after.get(oid);
      return now !== undefined && now.fileNode !== before.get(oid)?.fileNode;
    });
    const rewrites = changed.filter(({ kind }) => kind !== 'index');
    const rewritten = new Set<number | null>(rewrites.map(({ oid }) => oid));
    entries.push({
      ...placeOf(file, statement),
      locks: [],
      held: [],
      blocks: 'not observed',
      heldFor: 0,
      rewrites: rewrites.map(({ name }) => name),
      scans: [],
      builds: changed
        .filter(({ kind, tableOid }) => kind === 'index' && !rewritten.has(tableOid))
        .map(({ name }) => name),
    });
  }
  return all.length;
}

async function runOne(
  file: FileReplay,
  statement: Statement,
  watch: TransactionWatch | undefined,
): Promise<Effects | undefined> {
  const { database, signal, foreignKeys } = file;
  // PGlite never waits for anything, so that nobody else would have a turn to abort.
  await setImmediate();
  signal?.throwIfAborted();
  await attempt(statement, () => database.run(statement.text));
  const effects = await watch?.effectsOf(statement);
  if (file.existing !== undefined && /\breferences\b/i.test(statement.text)) {
    const place = placeOf(file, statement);
    for (const oid of await foreignKeyOids(database)) {
      if (!file.knownForeignKeys.has(oid)) foreignKeys.set(oid, place);
      file.knownForeignKeys.add(oid);
    }
  }
  return effects;
}

async function attempt(statement: Statement | undefined, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (statement === undefined || !isServerError(error)) throw error;
    throw new StatementFailed(statement, error);
  }
}

/** An extension that is missing here is there where it matters, or the file would not say so. */
function isPassedOver(file: FileReplay, statement: Statement): boolean {
  const extension = createdExtension(statement);
  if (extension === undefined || file.available.has(extension)) return false;
  const { line, column } = file.map.positionOf(statement.start);
  const message = `PGlite does not come with the extension ${extension}; the statement was passed over`;
  file.skipped.push({ file: file.migration.file, line, column, message });
  return true;
}

function entriesOf(
  file: FileReplay,
  statements: readonly Statement[],
  all: readonly (Effects | undefined)[],
): TraceEntry[] {
  return statements.flatMap((statement, at): TraceEntry[] => {
    const effects = all[at];
    if (effects === undefined) return [];
    const blocks = worst([...effects.locks, ...effects.held].map((lock) => lock.blocks));
    const { rewrites, scans, builds } = effects;
    if (blocks === 'nothing' && [rewrites, scans, builds].every(({ length }) => length === 0)) {
      return [];
    }
    const heldFor = statements.length - 1 - at;
    return [{ ...placeOf(file, statement), ...effects, blocks, heldFor }];
  });
}

function placeOf(
  { migration, map }: FileReplay,
  statement: Statement,
): Pick<TraceEntry, 'file' | 'line' | 'column' | 'statement' | 'statementCount' | 'sql'> {
  return {
    file: migration.file,
    ...map.positionOf(statement.start),
    statement: migration.statements.indexOf(statement) + 1,
    statementCount: migration.statements.length,
    sql: statement.text.slice(0, SQL_LENGTH),
  };
}
