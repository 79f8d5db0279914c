import { statisticsOf } from '../catalog/inspect-leaves.ts';
import type { Leaf } from '../catalog/leaf.ts';
import type { Condition } from '../condition/condition.ts';
import { type ResolvedRule, ruleTerms } from '../condition/rule-sql.ts';
import type { Query } from '../database.ts';
import { explainRowCount, explainWalk, type WalkPlan } from '../explain.ts';
import { tooManyEquals } from '../give-way.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { LeafWalk, RowCount } from '../plan.ts';
import type { Statement } from '../statement.ts';
import { PICKED_CTE, pickStatement } from '../walk/pick-statement.ts';
import { type KeysetWalk, type Range, type Target, type Walk, WINDOWS } from '../walk/target.ts';
import { type CountBudget, countCandidates } from './count.ts';
import { accepts, type Draft, refuse } from './draft.ts';
import { LARGE_PAGE_COUNT } from './table-check.ts';

/** A condition on one leaf, before it is known how to walk it. */
export interface Ground {
  readonly leaf: Leaf;
  readonly condition: Condition;
  readonly rule: ResolvedRule;
  readonly holdTables: readonly string[];
  readonly maxBatchBytes: number;
}

/** A leaf and how to go through it; no target when by its bounds none of its rows can be due. */
export interface Way {
  readonly shown: LeafWalk;
  readonly target: Target | undefined;
}

/** The batch that is explained: the first. */
const FIRST_BATCH = 500;
/**
 * From here on an index follows the heap well enough. Below, each page is visited and logged several
 * times: measured 2.2 × the time and 4 × the WAL of heap windows with random order.
 */
const CLUSTERED = 0.8;
/**
 * Due rows a page from which reading every page costs less than finding the rows by a scattered
 * index: measured, a page costs about half of what the detour of one row does.
 */
const DENSE = 0.5;
const PAGE_BYTES = 8_192;
/** Rows to read past that take seconds: a million, 0.7 µs each in memory, some 10 times that from a disk. */
const MANY_STAYING = 1_000_000;

/** Undefined, and refused, when the leaf cannot be walked. */
export async function chooseWalk(
  draft: Draft,
  query: Query,
  ground: Ground,
  budget: CountBudget,
): Promise<Way | undefined> {
  const { leaf } = ground;
  const wanted = keysetOf(ground);
  const plan = await explained(draft, query, targetOf(ground, wanted ?? WINDOWS));
  if (!plan) return undefined;
  const keyset = wanted && { ...wanted, isPartial: plan.isPartial };
  const shown = { table: leaf.sql, kind: 'empty' as const, index: null, pages: leaf.pageCount };
  const counted = await accepts(draft, query, () => countCandidates(query, ground, budget));
  if (!counted) return undefined;
  if (plan.isEmpty && leaf.pageCount > 0 && counted.count === 0) {
    return { shown: { ...shown, due: counted }, target: undefined };
  }
  const isKeyset =
    keyset !== undefined &&
    plan.index !== undefined &&
    (await isFollowing(query, ground, keyset, counted));
  const walk: Walk = isKeyset && keyset ? keyset : WINDOWS;
  const isFit = checkWhole(draft, ground, { walk, plan, counted, isTight: keyset !== undefined });
  if (!isFit) return undefined;
  if (!isKeyset && keyset && !(await explained(draft, query, targetOf(ground, WINDOWS)))) {
    return undefined;
  }
  if (walk.kind === 'keyset') await warnOfDetours(draft, query, ground, walk, counted);
  const { kind } = walk;
  const index = isKeyset ? (plan.index ?? null) : null;
  return { shown: { ...shown, kind, index, due: counted }, target: targetOf(ground, walk) };
}

/** Only where the cut-off bounds an index range: not with an age of each row's own, nor for orphans. */
function keysetOf({ rule, leaf }: Ground): KeysetWalk | undefined {
  const isTight = rule.type === 'purge' || (rule.type === 'older-than' && !rule.agePer);
  if (!isTight) return undefined;
  const { column } = rule.aged;
  const key = leaf.keyColumns.filter((name) => name !== column.name);
  const rest = key.flatMap((name) => leaf.columns.filter((each) => each.name === name));
  return { kind: 'keyset', columns: [column, ...rest], isPartial: false };
}

function targetOf({ leaf, condition, holdTables, maxBatchBytes }: Ground, walk: Walk): Target {
  const rowBytes =
    leaf.estimatedRowCount === undefined
      ? PAGE_BYTES
      : (leaf.pageCount * PAGE_BYTES) / Math.max(1, leaf.estimatedRowCount);
  return {
    leaf,
    condition,
    walk,
    holdTables,
    maxRows: Math.max(1, Math.floor(maxBatchBytes / Math.min(PAGE_BYTES, Math.max(32, rowBytes)))),
    maxBytes: leaf.toastPageCount > 0 ? maxBatchBytes : undefined,
  };
}

function explained(draft: Draft, query: Query, target: Target): Promise<WalkPlan | undefined> {
  const { leaf } = target;
  return accepts(draft, query, () =>
    explainWalk(query, pickStatement(target, firstRange(target), FIRST_BATCH, 'skip'), {
      cte: PICKED_CTE,
      name: leaf.name,
      schema: leaf.schema,
    }),
  );
}

/** Where the first batch looks. */
export function firstRange({ walk, leaf }: Target): Range {
  return walk.kind === 'keyset'
    ? { walk: 'keyset', after: undefined, upTo: undefined }
    : { walk: 'heap-windows', from: '(0,0)', toPage: Math.min(64, Math.max(1, leaf.pageCount)) };
}

async function isFollowing(
  query: Query,
  { leaf }: Ground,
  keyset: KeysetWalk,
  due: RowCount,
): Promise<boolean> {
  if (due.count <= leaf.pageCount * DENSE || leaf.pageCount <= LARGE_PAGE_COUNT) return true;
  const { correlation } = (await statisticsOf(query, leaf, keyset.columns[0]?.name ?? '')) ?? {};
  // Never analyzed: rows mostly come in the order of time.
  return correlation === undefined || Math.abs(correlation) >= CLUSTERED;
}

interface Choice {
  readonly walk: Walk;
  readonly plan: WalkPlan;
  readonly counted: RowCount;
  readonly isTight: boolean;
}

/** What would be read whole: the leaf, for few rows, or another table, for every batch. */
function checkWhole(draft: Draft, ground: Ground, choice: Choice): boolean {
  const { leaf } = ground;
  const { walk, plan, counted, isTight } = choice;
  const isLarge = leaf.pageCount > LARGE_PAGE_COUNT;
  if (
    walk.kind === 'heap-windows' &&
    isLarge &&
    isTight &&
    counted.count < leaf.pageCount * DENSE
  ) {
    refuse(
      draft,
      'missing-index',
      `Every run would read all ${leaf.pageCount} pages of ${leaf.sql} for ${counted.count} rows; first: ${createIndex(ground)}`,
    );
    return false;
  }
  if (walk.kind === 'heap-windows' && isLarge) {
    draft.warnings.push(
      isTight && plan.index === undefined
        ? `Reads all ${leaf.pageCount} pages of ${leaf.sql}, which pays while so many rows are due; for later runs: ${createIndex(ground)}`
        : `Each run reads all ${leaf.pageCount} pages of ${leaf.sql}, some at a time`,
    );
  }
  return true;
}

/** What an index walk may give way for, as `give-way.ts` says; a run finds it out by itself. */
async function warnOfDetours(
  draft: Draft,
  query: Query,
  ground: Ground,
  { columns, isPartial }: KeysetWalk,
  due: RowCount,
): Promise<void> {
  const { leaf } = ground;
  const [column] = columns;
  if (!column) return;
  const elsewhere = 'the batches go through the heap in windows';
  if (isPartial && leaf.estimatedRowCount !== undefined) {
    const { largestShare = 0 } = (await statisticsOf(query, leaf, column.name)) ?? {};
    const equals = Math.round(largestShare * leaf.estimatedRowCount);
    if (equals >= tooManyEquals(FIRST_BATCH, leaf.pageCount)) {
      draft.warnings.push(
        `About ${count(equals)} rows of ${leaf.sql} have the same ${column.name}, which the index does not order any further: when such are due, ${elsewhere}; to go by the index: ${createIndex(ground)}`,
      );
    }
  }
  const old = await explainRowCount(query, oldStatement(ground));
  if (old - due.count < MANY_STAYING) return;
  draft.warnings.push(
    `About ${count(old - due.count)} rows of ${leaf.sql} are old enough and stay for other reasons, and each run reads past them: where that takes longer than pace.statementTimeout, ${elsewhere}; a partial index on ${column.name} with the condition would spare it`,
  );
}

/** What the rule alone says, without `where`, holds and whatever else keeps rows. */
function oldStatement({ leaf, rule }: Ground): Statement {
  const values: unknown[] = [];
  const [isOld = 'true'] = ruleTerms(rule, leaf.alias, values);
  return {
    text: `select\n  from only ${leaf.sql} as ${leaf.alias}\n  where ${isOld}`,
    values: values.slice(0, 1),
  };
}

function count(rows: number): string {
  return rows.toLocaleString('en');
}

function createIndex({ leaf, rule }: Ground): string {
  const aged = rule.type === 'inactive-for' ? [] : [rule.aged.column.name];
  const columns = [...aged, ...leaf.keyColumns.filter((name) => !aged.includes(name))];
  return `create index concurrently on ${leaf.sql} (${columns.map(quoteIdentifier).join(', ')})`;
}

/** Refuses a condition that would read another large table whole, or sort this one, in every batch. */
export async function checkOtherTables(draft: Draft, query: Query, target: Target): Promise<void> {
  const plan = await explained(draft, query, target);
  const tables = [...new Set(plan?.wholeTables)];
  if (tables.length === 0) return;
  const rows = await query(
    `select
       t.name,
       (pg_relation_size(to_regclass(t.name)) / current_setting('block_size')::bigint)::text as pages
     from unnest($1::text[]) t (name)`,
    [tables],
  );
  for (const { name, pages } of rows) {
    if (Number(pages) <= LARGE_PAGE_COUNT) continue;
    refuse(
      draft,
      'missing-index',
      `The condition would read or sort all ${pages} pages of ${name} for every batch; it needs an index on the columns that it compares there`,
    );
  }
}
