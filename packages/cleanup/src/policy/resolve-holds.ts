import { inspectColumns } from '../catalog/columns.ts';
import type { GraphTable } from '../catalog/foreign-keys.ts';
import { inspectTable, type TableFacts } from '../catalog/table-facts.ts';
import { findHeldChildren, type HeldChild, heldChildNames } from '../condition/held-children.ts';
import type { ResolvedHold } from '../condition/hold-sql.ts';
import type { Query } from '../database.ts';
import { explainOnly } from '../explain.ts';
import { quoteIdentifier, quoteIdentifierPath } from '../identifier.ts';
import { renderFragment } from '../sql.ts';
import { checkFragment } from './check-fragment.ts';
import { accepts, type Draft, refuse } from './draft.ts';
import type { HoldSettings } from './policy-settings.ts';
import type { Found } from './prepare-policy.ts';

/** Looks up the holds for a policy's table; what is wrong with them is refused. */
export async function resolveHolds(
  draft: Draft,
  query: Query,
  facts: TableFacts,
  holds: readonly HoldSettings[],
): Promise<readonly ResolvedHold[]> {
  if (draft.exemptBecause !== null) return [];
  const resolved: ResolvedHold[] = [];
  for (const hold of holds) {
    const table = await inspectTable(query, quoteIdentifierPath(hold.table));
    if (!table) {
      refuse(
        draft,
        'unknown-table',
        `The table of holds ${hold.table} is not there, or not visible`,
      );
      continue;
    }
    checkColumns(draft, facts, table, hold);
    if (table.oid === facts.oid) draft.warnings.push(ownHolds(table.sql));
    await checkTable(draft, query, table);
    const usable = { ...hold, sql: table.sql };
    await checkActive(draft, query, table, usable);
    resolved.push(usable);
  }
  return resolved;
}

/**
 * Tables that rows cascade to and that have the columns of a hold: a row that takes a held one along
 * stays. The columns decide, by name and foreign key, since nobody said for those tables whether they
 * are exempt.
 */
export async function resolveHeldChildren(
  draft: Draft,
  query: Query,
  { facts, graph }: Found,
  holds: readonly HoldSettings[],
): Promise<readonly HeldChild[]> {
  if (holds.length === 0 || graph.cascades.length === 0) return [];
  const oids = graph.cascades.map(({ child }) => child.oid);
  const columns = new Map(await inspectColumns(query, oids)).set(facts.oid, facts.columns);
  const named = holds.map((hold) => ({ ...hold, sql: quoteIdentifierPath(hold.table) }));
  const found = findHeldChildren(graph, facts.oid, columns, named);
  if (found.length === 0) return found;
  if (draft.exemptBecause === null) {
    draft.holdsBelow = heldChildNames(found);
    await checkChildren(draft, query, found);
    return found;
  }
  const tables = found.map(({ key }) => key.child.sql).join(', ');
  draft.warnings.push(
    `The policy is exempt from holds, and so is what goes with its rows, although holds can be looked up there or below: ${tables}`,
  );
  return [];
}

/** A foreign key deletes rows that row security hides from this role, and from its look for held ones. */
async function checkChildren(
  draft: Draft,
  query: Query,
  children: readonly HeldChild[],
): Promise<void> {
  const tables = everyChild(children);
  const rows = await query(
    `select child.name
     from unnest($1::oid[], $2::text[]) child (oid, name)
     where row_security_active(child.oid)
     group by child.name
     order by child.name`,
    [tables.map(({ oid }) => oid), tables.map(({ sql }) => sql)],
  );
  for (const { name } of rows) {
    refuse(
      draft,
      'row-security',
      `Row security hides rows of ${name} from this role, which are deleted along with those that they reference, so held ones could go unseen; use a role with bypassrls`,
    );
  }
}

function everyChild(children: readonly HeldChild[]): readonly GraphTable[] {
  return children.flatMap(({ key, children: below }) => [key.child, ...everyChild(below)]);
}

/** A table is locked against all other writers for the time of each batch, to keep holds from coming. */
function ownHolds(sql: string): string {
  return `The holds are in ${sql} itself, so every batch keeps all other writers out of it, and waits for them; as a condition of the policy (where) they need no lock`;
}

function checkColumns(
  draft: Draft,
  facts: TableFacts,
  table: TableFacts,
  hold: HoldSettings,
): void {
  for (const [ofHold, own] of hold.on) {
    if (!table.columns.some(({ name }) => name === ofHold)) {
      const known = table.columns.map(({ name }) => name).join(', ');
      refuse(
        draft,
        'unknown-column',
        `${table.sql}.${quoteIdentifier(ofHold)} is not there; the table of holds has ${known}`,
      );
    }
    if (!facts.columns.some(({ name }) => name === own)) {
      refuse(
        draft,
        'hold',
        `${facts.sql} has no column ${quoteIdentifier(own)}, so the holds in ${table.sql} cannot be looked up for its rows; if they are not about this table, say so: holds: { exempt: true, because: '…' }`,
      );
    }
  }
}

/** SHARE is what keeps holds from being added during a batch; it takes one of these rights. */
async function checkTable(draft: Draft, query: Query, table: TableFacts): Promise<void> {
  if (table.kind !== 'r' && table.kind !== 'p') {
    refuse(
      draft,
      'table-kind',
      `The table of holds ${table.sql} is no ordinary table, so it cannot be locked`,
    );
    return;
  }
  if (table.isRowSecurityActive) {
    refuse(
      draft,
      'row-security',
      `Row security hides rows of ${table.sql} from this role, so holds could be missed; use a role with bypassrls`,
    );
  }
  const [row] = await query(
    `select (
       has_table_privilege($1::oid, 'update')
       or has_table_privilege($1::oid, 'delete')
       or has_table_privilege($1::oid, 'truncate')
     )::text as may_lock`,
    [table.oid],
  );
  if (row?.['may_lock'] !== 'true') {
    refuse(
      draft,
      'hold-lock',
      `This role may not lock ${table.sql}, so a hold could be added in the middle of a batch; first: grant update on ${table.sql} to the role of this pool`,
    );
  }
}

/** By itself, so that a misspelt column of the hold is not taken for one of the row. */
async function checkActive(
  draft: Draft,
  query: Query,
  table: TableFacts,
  { active }: ResolvedHold,
): Promise<void> {
  if (active) {
    const option = `The condition active of the holds in ${table.sql}`;
    await checkFragment(draft, query, active, { option, facts: table });
  }
  const values: unknown[] = [];
  const condition = active ? ` where (\n${renderFragment(active, values)}\n)` : '';
  await accepts(draft, query, () =>
    explainOnly(query, { text: `select from ${table.sql}${condition}`, values }),
  );
}
