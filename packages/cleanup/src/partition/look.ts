import { isServerError, type Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { DuePartition, Refusal } from '../plan.ts';
import { estimateRows, sum } from '../policy/count.ts';
import type { PartitionContext } from '../wiring.ts';
import { type ChosenPartitions, choosePartitions, isBoundOver } from './choose-partitions.ts';
import { holdOn } from './held-rows.ts';
import { type PartitionMark, pendingMarks, stateOf } from './marks.ts';
import { type PartitionNode, readPartitionTree, withDescendants } from './partition-tree.ts';

/** One partition that is to go. */
export interface PartitionWork {
  readonly mark: PartitionMark;
  /** False: it was taken out when the policy's age was shorter, and goes back. */
  readonly isDue: boolean;
  /** An interrupted run has taken it out. */
  readonly isOut: boolean;
  /** Its parent has a default partition, which rules out detaching it concurrently. */
  readonly hasDefault: boolean;
}

/** Why a partition stays. */
interface StuckPartition {
  readonly note: string;
  /** Its rows are held, so they are not due. Otherwise something is to be done about it. */
  readonly isHeld: boolean;
}

/** What was found, without changing anything. */
export interface PartitionLook {
  /** Those that an interrupted run has taken out come first. */
  readonly work: readonly PartitionWork[];
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly string[];
  /** Partitions whose bounds are due, and that stay for now. */
  readonly stuck: readonly StuckPartition[];
  /** Marks of partitions that are in their place and are not due any more. */
  readonly stale: readonly PartitionMark[];
}

/** Looks which partitions would go, in a read-only transaction. */
export async function lookAtPartitions(
  query: Query,
  context: PartitionContext,
): Promise<PartitionLook> {
  const { facts, graph, column, cutOffText, historySchema } = context;
  const root = await readPartitionTree(query, facts.oid);
  const cutOff = { column, text: cutOffText };
  const chosen = await choosePartitions(query, root, cutOff);
  const marks = await pendingMarks(query, historySchema, facts.oid);
  const refusals = [
    ...referenceProblems(facts.sql, graph),
    ...treeProblems(root, chosen, marks, column.name),
  ];
  const hasDefault = new Set(
    withDescendants(root)
      .filter(({ children }) => children.some(({ isDefault }) => isDefault))
      .map(({ sql }) => sql),
  );
  const work: PartitionWork[] = [];
  const stale: PartitionMark[] = [];
  for (const mark of marks) {
    if ((await stateOf(query, mark)) !== 'attached') {
      const isDue = await isBoundOver(query, mark.bound, cutOff);
      work.push({ mark, isDue, isOut: true, hasDefault: hasDefault.has(mark.parent) });
    } else if (!chosen.due.some(({ oid }) => oid === mark.oid)) stale.push(mark);
  }
  const stuck: StuckPartition[] = [];
  for (const node of chosen.due) {
    const why = await whyItStays(query, context, node);
    if (why !== undefined) {
      stuck.push(why);
      continue;
    }
    const mark = await markOf(query, context, node);
    work.push({ mark, isDue: true, isOut: false, hasDefault: hasDefault.has(mark.parent) });
  }
  const warnings = [...treeWarnings(chosen, hasDefault), ...workWarnings(work)];
  warnings.push(...stuck.map(({ note }) => note));
  return { work, refusals, warnings, stuck, stale };
}

/** As the plan shows it. */
export function shownPartition({ table, bound, rows, bytes }: PartitionMark): DuePartition {
  return { table, bound, rows, bytes };
}

function referenceProblems(
  table: string,
  { cascades, resets, guards }: PartitionContext['graph'],
): readonly Refusal[] {
  // Once each: a key may be on the table and be listed for what cascades to it.
  const keys = new Map(
    [...cascades, ...resets, ...guards]
      .filter(({ depth }) => depth === 1)
      .map((key) => [`${key.child.oid} ${key.constraint}`, key]),
  );
  return [...keys.values()].map(({ child, constraint }) => ({
    code: 'partitions',
    message: `${child.sql} references ${table} (foreign key ${constraint}), and the server lets no partition go that is referenced; leave out partitions: 'drop', so that its rows are deleted in batches, or drop the foreign key`,
  }));
}

function treeProblems(
  root: PartitionNode,
  { due, byTime }: ChosenPartitions,
  marks: readonly PartitionMark[],
  column: string,
): readonly Refusal[] {
  const problems: string[] = [];
  if (byTime.length === 0) {
    problems.push(
      `${root.sql} is not partitioned by range on ${quoteIdentifier(column)}, at no level, so no partition can be told to be old as a whole; leave out partitions: 'drop'`,
    );
  }
  const parents = new Set(due.map(({ parent }) => parent));
  const foreign = [...parents]
    .flatMap((parent) => parent?.children ?? [])
    .filter(({ isPending, oid }) => isPending && !marks.some((mark) => mark.oid === oid));
  for (const { sql, parent } of foreign) {
    problems.push(
      `Somebody has begun to detach ${sql}, and no other partition can be detached before that is finished; first: alter table ${parent?.sql ?? ''} detach partition ${sql} finalize`,
    );
  }
  const owned = [...new Set([...parents, ...due.flatMap(withDescendants)])];
  for (const node of owned) {
    if (node?.isOwned === false) {
      problems.push(`This role does not own ${node.sql}, which detaching and dropping takes`);
    }
  }
  return problems.map((message) => ({ code: 'partitions', message }));
}

function treeWarnings({ last }: ChosenPartitions, hasDefault: ReadonlySet<string>): string[] {
  const kept = last.map(
    ({ sql, parent }) =>
      `${sql} is due and stays: it is the last partition of ${parent?.sql ?? ''}`,
  );
  const plain = [...hasDefault].map(
    (sql) =>
      `${sql} has a default partition: its partitions cannot be detached concurrently, so each takes an access exclusive lock on ${sql} for a moment, waited for no longer than pace.lockTimeout at a time, while readers and writers queue behind it; and due rows in the default partition stay`,
  );
  return [...kept, ...plain];
}

function workWarnings(work: readonly PartitionWork[]): string[] {
  return work
    .filter(({ isOut }) => isOut)
    .map(({ mark, isDue }) =>
      isDue
        ? `${mark.table} was taken out of ${mark.parent} by a run that was interrupted, and is dropped by the next`
        : `${mark.table} was taken out of ${mark.parent} when the age was shorter, and goes back with the next run`,
    );
}

/** Undefined when nothing keeps the partition. */
export async function whyItStays(
  query: Query,
  { holds, facts }: PartitionContext,
  { oid, sql }: PartitionNode,
): Promise<StuckPartition | undefined> {
  const stays = (why: string, isHeld = false): StuckPartition => ({
    note: `${sql} is due and stays: ${why}`,
    isHeld,
  });
  const dependent = await dependentOn(query, oid);
  if (dependent !== undefined) return stays(`${dependent} depends on it`);
  await query('savepoint ops_cleanup_held');
  try {
    const hold = await holdOn(query, holds, { table: sql, alias: quoteIdentifier(facts.name) });
    await query('release savepoint ops_cleanup_held');
    return hold === undefined ? undefined : stays(`${hold} holds rows of it`, true);
  } catch (error) {
    if (!isServerError(error) || error.code !== '57014') throw error;
    await query('rollback to savepoint ops_cleanup_held');
    const columns = [...new Set(holds.flatMap(({ on }) => on.map(([, own]) => own)))];
    const names = columns.map(quoteIdentifier).join(', ');
    return stays(
      `looking for rows of it that are held took too long; an index on ${names} would help`,
    );
  }
}

/** A view or function that names the partition: the drop would fail. */
async function dependentOn(query: Query, oid: string): Promise<string | undefined> {
  const [row] = await query(
    `select coalesce(
       (
         select pg_describe_object('pg_class'::regclass, r.ev_class, 0)
         from pg_rewrite r
         where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
       ),
       pg_describe_object(d.classid, d.objid, 0)
     ) as dependent
     from pg_partition_tree($1::oid::regclass) t
     join pg_depend d on d.refclassid = 'pg_class'::regclass
       and d.refobjid = t.relid
       and d.classid in ('pg_rewrite'::regclass, 'pg_proc'::regclass)
       and d.deptype = 'n'
     order by 1
     limit 1`,
    [oid],
  );
  return row?.['dependent'] ?? undefined;
}

async function markOf(
  query: Query,
  { policy, facts }: PartitionContext,
  node: PartitionNode,
): Promise<PartitionMark> {
  const oids = new Set(withDescendants(node).map(({ oid }) => oid));
  const leaves = facts.leaves.filter(({ oid }) => oids.has(oid));
  const counts = [];
  for (const leaf of leaves) counts.push(await estimateRows(query, leaf));
  const known = counts.filter((rows) => rows !== undefined);
  const [size] = await query(
    `select coalesce(sum(pg_total_relation_size(t.relid)), 0)::text as bytes
     from pg_partition_tree($1::oid::regclass) t`,
    [node.oid],
  );
  return {
    policy,
    rootOid: facts.oid,
    parent: node.parent?.sql ?? '',
    oid: node.oid,
    table: node.sql,
    bound: node.bound,
    rows: known.length === counts.length ? sum(known).count : null,
    bytes: Number(size?.['bytes']),
  };
}
