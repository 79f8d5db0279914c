import { as, type Name, type NodeKind, nameOf } from './ast.ts';
import { type Catalog, findRelation, lookUp, type Place } from './catalog/catalog.ts';
import { dropRelation, replay } from './catalog/replay.ts';
import type { Declarations } from './declarations.ts';
import { locksOf } from './locks.ts';
import type { LintStatement } from './parse-sql.ts';
import type { AddedValue, Draft, HeldLock, RuleContext, StatementRule } from './rules/context.ts';
import { setsLockTimeout } from './rules/data.ts';

/** What one file is linted with. */
export interface FileRun {
  readonly file: string;
  readonly fileIndex: number;
  /** Order of the file's first statement, over all files. */
  readonly order: number;
  readonly statements: readonly LintStatement[];
  lineOf(statement: LintStatement): number;
  /** Whether the tables of a file, by its index, are new to those who use the database. */
  isNew(fileIndex: number): boolean;
  report(rule: StatementRule, draft: Draft, statement: LintStatement): void;
  atEnd(rule: StatementRule, check: () => Draft | undefined, statement: LintStatement): void;
}

/** Replays a file, and asks the rules about each statement before it. */
export function runRules(
  run: FileRun,
  rules: readonly StatementRule[],
  catalog: Catalog,
  declarations: Declarations,
  serverVersion: number,
): void {
  startSession(catalog);
  const rulesFor = byKind(rules);
  const isExisting = (table: Name): boolean => {
    const relation = findRelation(catalog, table);
    if (relation === undefined) return table.schema !== 'pg_temp';
    return relation.isAssumed || !(relation.isTemporary || run.isNew(relation.made.fileIndex));
  };
  let state: TransactionState = { transaction: '', heldLocks: [], addedValues: new Map() };
  let hasLockTimeout = false;
  for (const [at, statement] of run.statements.entries()) {
    const { node } = statement;
    const place = placeOf(run, statement);
    if (place.transaction !== state.transaction) {
      state = { transaction: place.transaction, heldLocks: [], addedValues: new Map() };
    }
    const shared = { node, statement, place, catalog, serverVersion, hasLockTimeout, isExisting };
    for (const rule of rulesFor(Object.keys(node)[0] as NodeKind)) {
      rule.check({
        ...shared,
        ...state,
        declaredLater: (kind, name) => declarations.after(kind, name, run.order + at),
        madeAgain: (kind, name) => {
          const last = run.statements.findLastIndex(({ segment }) => segment === statement.segment);
          return declarations.isBetween(kind, name, run.order + at, run.order + last);
        },
        isNew: ({ fileIndex }) => run.isNew(fileIndex),
        report: (draft) => run.report(rule, draft, statement),
        atEnd: (check) => run.atEnd(rule, check, statement),
      });
    }
    hasLockTimeout ||= setsLockTimeout(node);
    remember(state, shared);
    replay(catalog, node, place);
  }
}

/** What a file has set for its session, and its temporary tables, are not for the next one. */
function startSession(catalog: Catalog): void {
  catalog.searchPath = ['public'];
  for (const relation of catalog.relations.values()) {
    if (relation.isTemporary) dropRelation(catalog, relation);
  }
}

/** What the statements of one transaction leave to the later ones. */
interface TransactionState {
  readonly transaction: string;
  readonly heldLocks: HeldLock[];
  readonly addedValues: Map<string, AddedValue>;
}

function placeOf({ file, fileIndex, lineOf }: FileRun, statement: LintStatement): Place {
  return {
    file,
    fileIndex,
    line: lineOf(statement),
    statement: statement.number,
    transaction: `${fileIndex}:${statement.segment}`,
  };
}

function remember(
  { heldLocks, addedValues }: TransactionState,
  context: Pick<RuleContext, 'node' | 'catalog' | 'place' | 'isExisting'>,
): void {
  const { node, catalog, place, isExisting } = context;
  for (const lock of locksOf(node, catalog)) {
    if (isExisting(lock.table)) heldLocks.push({ ...lock, line: place.line });
  }
  const added = addedValue(context);
  if (added) addedValues.set(...added);
}

/** Most rules look at one kind of statement, of which most files have few. */
function byKind(rules: readonly StatementRule[]): (kind: NodeKind) => readonly StatementRule[] {
  const known = new Map<NodeKind, readonly StatementRule[]>();
  return (kind) => {
    const fitting =
      known.get(kind) ?? rules.filter(({ on }) => on === undefined || on.includes(kind));
    known.set(kind, fitting);
    return fitting;
  };
}

/** Of a type that the same transaction has made, a new value can be used at once. */
function addedValue({
  node,
  catalog,
  place,
}: Pick<RuleContext, 'node' | 'catalog' | 'place'>): [string, AddedValue] | undefined {
  const { newVal, oldVal, typeName } = as(node, 'AlterEnumStmt') ?? {};
  if (newVal === undefined || oldVal !== undefined) return undefined;
  const type = nameOf(typeName);
  const known = lookUp(catalog.types, catalog, type);
  if (known?.made.transaction === place.transaction || known?.values.has(newVal)) return undefined;
  return [newVal, { type, line: place.line }];
}
