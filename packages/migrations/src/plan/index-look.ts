import { isLockTrouble, isServerError } from '../database/client.ts';
import type { Session } from '../database/session.ts';
import { type IndexState, inspectIndex, isSameIndex } from '../engine/index-catalog.ts';
import type { PendingMigration } from '../history/compare.ts';
import type { IndexStep } from '../migration.ts';
import { setsSetting } from '../sql/classify.ts';
import { foldCase } from '../sql/identifier.ts';
import { plainWords } from '../sql/outline.ts';
import { isWord, type Statement } from '../sql/split.ts';

/** What there is at this moment under the name of an index that is to be built. */
export interface IndexLook {
  readonly state: IndexState;
  /** Of a valid one. A string says why that cannot be told. */
  readonly isSame: boolean | string | undefined;
}

export type IndexLooks = ReadonlyMap<IndexStep, IndexLook>;

/**
 * Looks at the catalog for every concurrent index that is left to be built. Left out are those about
 * which the catalog of now says nothing: an earlier pending statement drops or renames something of
 * that name, or sets another search path.
 *
 * A valid index is compared as `up` does it, by building the wanted one on an empty temporary table
 * in a transaction that is rolled back. Where that cannot be, on a standby, it is not known.
 */
export async function lookAtIndexes(
  session: Session,
  pending: readonly PendingMigration[],
  lockTimeoutMs: number,
): Promise<IndexLooks> {
  const looks = new Map<IndexStep, IndexLook>();
  const before: Statement[] = [];
  for (const { migration, stepsDone } of pending) {
    for (const [index, step] of migration.steps.entries()) {
      if (index >= stepsDone && step.kind === 'index' && isPredictable(step, before, migration)) {
        looks.set(step, await look(session, step, lockTimeoutMs));
      }
      if (index >= stepsDone) before.push(...step.statements);
    }
  }
  return looks;
}

function isPredictable(
  { target, statements }: IndexStep,
  before: readonly Statement[],
  migration: { readonly statements: readonly Statement[] },
): boolean {
  const own = migration.statements.slice(0, migration.statements.indexOf(statements[0]));
  if (own.some((statement) => setsSetting(statement, 'search_path'))) return false;
  const name = foldCase(target.name);
  return !before.some((statement) => {
    const [first] = statement.tokens;
    return (
      (isWord(first, 'drop') || isWord(first, 'alter')) &&
      plainWords(statement.tokens).includes(name)
    );
  });
}

async function look(
  session: Session,
  { target }: IndexStep,
  lockTimeoutMs: number,
): Promise<IndexLook> {
  const state = await inspectIndex(session, target);
  if (state.kind !== 'valid') return { state, isSame: undefined };
  try {
    return { state, isSame: await isSameIndex(session, target, state, lockTimeoutMs) };
  } catch (error) {
    if (!isServerError(error) || !isLockTrouble(error)) throw error;
    return { state, isSame: error.message };
  }
}
