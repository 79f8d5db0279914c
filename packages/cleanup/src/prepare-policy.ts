import { inspectTable, type TableFacts } from './catalog.ts';
import { countCandidates, countRows } from './count.ts';
import { cutOffAt, isLater, isZoneName, wallClockOf } from './cut-off.ts';
import { type Database, inTransaction, isServerError, type Query } from './database.ts';
import { explainWalk } from './explain.ts';
import { quoteIdentifier, quoteIdentifierPath } from './identifier.ts';
import type { PolicySettings } from './options.ts';
import type { PolicyPlan, Refusal, RefusalCode, RowCount } from './plan.ts';
import { hashPolicy } from './policy-hash.ts';
import { deleteStatement, type Target } from './statements.ts';
import {
  LARGE_PAGE_COUNT,
  primaryKey,
  tableName,
  tableProblems,
  tableWarnings,
} from './table-check.ts';

/** A plan, and what its statements are made of; no target when anything was refused. */
export interface PreparedPolicy {
  readonly plan: PolicyPlan;
  readonly target: Target | undefined;
}

/** What a plan is made for. */
export interface Occasion {
  readonly database: Database;
  /** The database's time at the start; the same for all policies. */
  readonly now: string;
  /** What the plan that a run was given says of this policy. */
  readonly accepted: Pick<PolicyPlan, 'hash' | 'cutOff' | 'share'> | undefined;
}

/** Looking gives way to other sessions; a count that takes longer becomes an estimate. */
const LIMITS = { lockTimeoutMs: 2_000, statementTimeoutMs: 10_000, access: 'read only' } as const;
/** The batch that is explained: the first. */
const FIRST_BATCH = 500;

/** A {@link PolicyPlan} that is being filled in. */
type Draft = { -readonly [K in keyof PolicyPlan]: PolicyPlan[K] } & {
  readonly refusals: Refusal[];
};

/**
 * Looks at one policy, in a read-only transaction. What is wrong with the policy ends up in
 * `refusals`; what is thrown is wrong with the connection.
 */
export async function preparePolicy(
  policy: string,
  settings: PolicySettings,
  occasion: Occasion,
): Promise<PreparedPolicy> {
  const draft: Draft = {
    policy,
    table: quoteIdentifierPath(settings.table),
    cutOff: '',
    candidates: null,
    rows: null,
    share: null,
    index: null,
    foreignKeys: [],
    warnings: [],
    refusals: [],
    sql: null,
    hash: '',
  };
  try {
    const target = await inTransaction(occasion.database, LIMITS, (query) =>
      fill(draft, query, settings, occasion),
    );
    return { plan: draft, target: draft.refusals.length === 0 ? target : undefined };
  } catch (error) {
    if (!isServerError(error)) throw error;
    refuse(
      draft,
      'statement',
      `The server refused to look at it: ${error.message} (${error.code})`,
    );
    return { plan: draft, target: undefined };
  }
}

async function fill(
  draft: Draft,
  query: Query,
  settings: PolicySettings,
  occasion: Occasion,
): Promise<Target | undefined> {
  const freshCutOff = await cutOffAt(query, occasion.now, settings.ageMs);
  draft.cutOff = occasion.accepted?.cutOff ?? freshCutOff;
  draft.hash = hashPolicy(draft.policy, draft.table, settings);
  const facts = await inspectTable(query, draft.table);
  if (!facts) {
    refuse(
      draft,
      'unknown-table',
      `Table ${draft.table} is not there, or not visible to this role; upper and lower case count`,
    );
    return undefined;
  }
  draft.table = tableName(facts);
  draft.hash = hashPolicy(draft.policy, draft.table, settings);
  draft.foreignKeys = facts.foreignKeys;
  draft.warnings = tableWarnings(facts);
  draft.refusals.push(...tableProblems(facts, settings));
  await checkAccepted(draft, query, occasion, freshCutOff);
  if (draft.refusals.length > 0) return undefined;
  const target = await buildTarget(draft, query, settings, facts);
  if (!target) return undefined;
  await checkStatement(draft, query, target, facts);
  if (draft.refusals.length > 0) return undefined;
  await checkShare(draft, query, target, facts, allowedShare(settings, occasion));
  return target;
}

/** The given plan must be of this very policy, and its cut-off no later than what the age allows. */
async function checkAccepted(
  draft: Draft,
  query: Query,
  { accepted }: Occasion,
  freshCutOff: string,
): Promise<void> {
  if (!accepted) return;
  if (accepted.hash !== draft.hash) {
    refuse(
      draft,
      'plan',
      'The plan that was given is of another table, column, age, zone or condition; make a new one',
    );
  } else if (await isLater(query, accepted.cutOff, freshCutOff)) {
    refuse(
      draft,
      'plan',
      `The cut-off of the plan that was given, ${accepted.cutOff}, is later than the age allows now, ${freshCutOff}; make a new one`,
    );
  }
}

/**
 * A plan accepts the share that it showed, and a tenth more: other sessions delete rows, too. Rows
 * that were dated back after it was made are not accepted with it.
 */
function allowedShare({ maxShare }: PolicySettings, { accepted }: Occasion): number {
  return Math.max(maxShare, (accepted?.share ?? 0) * 1.1);
}

async function buildTarget(
  draft: Draft,
  query: Query,
  settings: PolicySettings,
  facts: TableFacts,
): Promise<Target | undefined> {
  const cutOffColumn = facts.columns.find((column) => column.name === settings.column);
  if (!cutOffColumn) return undefined;
  const key = primaryKey(facts);
  const { zone } = settings;
  if (zone !== undefined && !(await isZoneName(query, zone))) {
    refuse(
      draft,
      'zone',
      `The server has no time zone named ${zone}; take a name from pg_timezone_names, such as 'UTC', 'Europe/Berlin', or 'Etc/GMT+5' for five hours behind UTC`,
    );
    return undefined;
  }
  const cutOffText =
    zone === undefined ? draft.cutOff : await wallClockOf(query, draft.cutOff, zone);
  return {
    oid: facts.oid,
    schema: facts.schema,
    table: facts.name,
    walk: [cutOffColumn, ...key.filter((column) => column !== cutOffColumn)],
    keyColumns: key.map((column) => column.name),
    cutOffType: cutOffColumn.baseType,
    cutOffText,
    where: settings.where,
  };
}

/** The server reads the very statement: mistakes in the condition, missing rights, missing index. */
async function checkStatement(
  draft: Draft,
  query: Query,
  target: Target,
  facts: TableFacts,
): Promise<void> {
  const statement = deleteStatement(target, { from: 'start' }, FIRST_BATCH, 'skip');
  draft.sql = { text: statement.text, values: statement.values.map(shown) };
  const walk = await accepts(draft, query, () => explainWalk(query, statement, facts.name));
  if (!walk) return;
  draft.index = walk.index ?? null;
  if (walk.index === undefined && facts.pageCount > LARGE_PAGE_COUNT) {
    const columns = target.walk.map(({ name }) => quoteIdentifier(name)).join(', ');
    refuse(
      draft,
      'missing-index',
      `Every batch would read all ${facts.pageCount} pages of ${draft.table}; first: create index concurrently on ${draft.table} (${columns})`,
    );
  }
}

async function checkShare(
  draft: Draft,
  query: Query,
  target: Target,
  facts: TableFacts,
  maxShare: number,
): Promise<void> {
  const candidates = await accepts(draft, query, () => countCandidates(query, target));
  if (!candidates) return;
  draft.candidates = candidates;
  const rows = await countRows(query, facts);
  if (!rows) {
    refuse(
      draft,
      'no-statistics',
      `${draft.table} is too large to count and was never analyzed, so the share of rows that would go is unknown; first: analyze ${draft.table}`,
    );
    return;
  }
  draft.rows = rows;
  draft.share =
    candidates.count === 0 ? 0 : Math.min(1, candidates.count / Math.max(1, rows.count));
  if (draft.share > maxShare) {
    refuse(
      draft,
      'share',
      `${say(candidates)} of ${say(rows)} rows (${percent(draft.share)}) would go, more than the ${percent(maxShare)} that safety.maxShare or the given plan allows; look at plan() and accept it: run({ plan })`,
    );
  }
}

/** Undefined, and refused, when the server finds fault with it. */
async function accepts<T>(
  draft: Draft,
  query: Query,
  work: () => Promise<T>,
): Promise<T | undefined> {
  await query('savepoint ops_cleanup_accepts');
  try {
    return await work();
  } catch (error) {
    if (!isServerError(error)) throw error;
    await query('rollback to savepoint ops_cleanup_accepts');
    refuse(draft, 'statement', `${error.message} (${error.code})`);
    return undefined;
  }
}

function refuse(draft: Draft, code: RefusalCode, message: string): void {
  draft.refusals.push({ code, message });
}

/** As JSON can hold it. */
function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return typeof value === 'bigint' ? String(value) : value;
}

function say({ count, isExact }: RowCount): string {
  return `${isExact ? '' : 'about '}${count.toLocaleString('en')}`;
}

function percent(share: number): string {
  return `${Number((Math.min(1, share) * 100).toPrecision(3))} %`;
}
