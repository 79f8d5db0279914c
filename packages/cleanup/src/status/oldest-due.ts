import type { Leaf } from '../catalog/leaf.ts';
import type { Condition } from '../condition/condition.ts';
import type { ResolvedRule } from '../condition/rule-sql.ts';
import { cutOffAt } from '../cut-off.ts';
import { type Database, inTransaction, isServerError, type Query } from '../database.ts';
import { quoteIdentifier, quoteIdentifierPath } from '../identifier.ts';
import type { Settings } from '../options.ts';
import { latePartitionMs } from '../partition/late-partitions.ts';
import { dueRows } from '../policy/build-steps.ts';
import { startDraft } from '../policy/draft.ts';
import { partitionContext } from '../policy/prepare-partitions.ts';
import { findTable, type Look } from '../policy/prepare-policy.ts';

/** The longest that was due. */
export interface OldestDue {
  /** With its schema, quoted. */
  readonly table: string;
  /** How long the oldest due row has been due; 0: none is; null: it could not be found out. */
  readonly lateMs: number | null;
  /** Why `lateMs` is null. */
  readonly why: string | null;
  /** Nothing is wrong with the policy: to look takes longer than is worth it. */
  readonly isSlow: boolean;
}

/** For one policy: a health check waits for it. An index on the cut-off column answers in a millisecond. */
const PATIENCE_MS = 2_000;
const LIMITS = {
  lockTimeoutMs: 500,
  statementTimeoutMs: PATIENCE_MS,
  access: 'read only',
} as const;

const TOO_SLOW = 'The oldest due row could not be found within 2 s; an index would help';

/** Reads only, and gives up after 2 s: how late is answered for, not worth, a load. */
export async function findOldestDue(
  database: Database,
  settings: Settings,
  name: string,
  now: string,
): Promise<OldestDue> {
  const policy = settings.policies[name];
  if (!policy) throw new TypeError(`No policy ${name}`);
  const draft = startDraft(name, quoteIdentifierPath(policy.table), policy);
  const unknown = (why: string, isSlow = false): OldestDue => ({
    table: draft.table,
    lateMs: null,
    why,
    isSlow,
  });
  const endsAt = database.clock.monotonic() + PATIENCE_MS;
  try {
    return await inTransaction(database, LIMITS, async (query) => {
      const acceptedShares = () => Promise.resolve(new Map<string, number>());
      const occasion = { database, now, runId: undefined, accepted: undefined, acceptedShares };
      const look = { draft, query, settings, policy, occasion };
      draft.cutOff = await cutOffAt(query, now, policy.rule.ageMs);
      const leftMs = (): number => Math.ceil(endsAt - database.clock.monotonic());
      const lateMs = await lateMsOf(look, leftMs);
      if (lateMs === 'slow') return unknown(TOO_SLOW, true);
      if (lateMs !== 'refused') return { table: draft.table, lateMs, why: null, isSlow: false };
      return unknown(draft.refusals.map(({ message }) => message).join('; '));
    });
  } catch (error) {
    if (!isServerError(error)) throw error;
    if (error.code === '57014') return unknown(TOO_SLOW, true);
    return unknown(`${error.message} (${error.code})`);
  }
}

/** `slow`: no time is left; `refused`: the draft says why. */
async function lateMsOf(look: Look, leftMs: () => number): Promise<number | 'slow' | 'refused'> {
  const { query, policy } = look;
  const found = await findTable(look);
  if (!found) return 'refused';
  if (policy.outcome.type === 'drop-partitions') {
    const context = await partitionContext(look, found);
    if (!context) return 'refused';
    return (await latePartitionMs(query, context, () => leftMs() < 1)) ?? 'slow';
  }
  const due = await dueRows(look, found);
  if (!due) return 'refused';
  let lateMs = 0;
  for (const leaf of found.facts.leaves) {
    if (leftMs() < 1) return 'slow';
    // For all partitions together.
    await query(`set local statement_timeout = ${leftMs()}`);
    lateMs = Math.max(lateMs, await lateIn(query, leaf, due, look.occasion.now));
  }
  return lateMs;
}

/** How long the oldest due row of a leaf has been due, 0 without one. */
async function lateIn(
  query: Query,
  leaf: Leaf,
  { rule, condition }: { readonly rule: ResolvedRule; readonly condition: Condition },
  now: string,
): Promise<number> {
  const values: unknown[] = [];
  const where = condition.due(values);
  if (rule.type === 'inactive-for' || ('agePer' in rule && rule.agePer)) {
    // Each row has a cut-off of its own, so only that there is one can be said.
    const [row] = await query(
      `select exists (select from only ${leaf.sql} as ${leaf.alias} where ${where})::text as is_due`,
      values,
    );
    return row?.['is_due'] === 'true' ? 1 : 0;
  }
  const { column, cutOffText } = rule.aged;
  const name = `${leaf.alias}.${quoteIdentifier(column.name)}`;
  const cutOff = `$${values.push(cutOffText)}::${column.baseType}`;
  const [row] = await query(
    `select (extract(epoch from ${cutOff} - ${finite(name)}) * 1000)::text as late_ms
     from only ${leaf.sql} as ${leaf.alias}
     where ${where}
     order by ${name}
     limit 1`,
    values,
  );
  const late = row?.['late_ms'];
  if (row === undefined) return 0;
  // A row at -infinity has been due since the database's time began.
  return late == null ? Date.parse(now) : Math.max(1, Math.round(Number(late)));
}

function finite(name: string): string {
  return `case when isfinite(${name}) then ${name} end`;
}
