import type { ColumnFacts } from '../catalog/columns.ts';
import { inspectTable, type TableFacts } from '../catalog/table-facts.ts';
import type { AgedRule, ResolvedColumn, ResolvedRule } from '../condition/rule-sql.ts';
import { cutOffAt, isZoneName, wallClockOf } from '../cut-off.ts';
import type { Query } from '../database.ts';
import { quoteIdentifier, quoteIdentifierPath } from '../identifier.ts';
import { ownMarkTimes } from '../soft-delete/own-marks.ts';
import { renderFragment, type SqlFragment } from '../sql.ts';
import { checkFragment } from './check-fragment.ts';
import { accepts, type Draft, refuse } from './draft.ts';
import type { AgedColumn, OrphanParent, Rule, SoftDeleteSettings } from './policy-settings.ts';

const HOUR_MS = 3_600_000;

/** Looks up what the rule's SQL depends on; undefined, and refused, when something is wrong. */
export async function resolveRule(
  draft: Draft,
  query: Query,
  facts: TableFacts,
  rule: Rule,
): Promise<ResolvedRule | undefined> {
  if (rule.type === 'older-than') return resolveAged(draft, query, facts, rule);
  if (rule.type === 'inactive-for') {
    const wanted = 'timestamp with time zone';
    const isFit = await isOfType(draft, query, facts, rule.since, wanted, 'inactiveFor.since');
    if (!isFit) return undefined;
    return { type: 'inactive-for', since: rule.since, cutOff: draft.cutOff };
  }
  const parentSql = await resolveParent(draft, query, facts, rule.parent);
  const aged = await resolveColumn(draft, query, facts, rule, draft.cutOff);
  if (!aged || parentSql === undefined) return undefined;
  return { type: 'orphan-of', aged, parentSql, on: rule.parent.on };
}

/** The rule by which rows go for good that the same policy has soft-deleted. */
export async function resolvePurge(
  draft: Draft,
  query: Query,
  facts: TableFacts,
  { at, set }: SoftDeleteSettings,
  times: { readonly now: string; readonly cutOff: string },
  historySchema: string,
): Promise<ResolvedRule | undefined> {
  const marked = Object.entries(set).flatMap(([name, value]) => {
    const each = findColumn(draft, facts, name);
    return each ? [{ column: each, value }] : [];
  });
  const column = findColumn(draft, facts, at);
  if (column && column.baseType !== 'timestamp with time zone') {
    const message = `${label(facts, at)} is ${column.type}; softDelete.at must be a timestamp with time zone`;
    refuse(draft, 'column-type', message);
    return undefined;
  }
  if (!column) return undefined;
  const place = { historySchema, policy: draft.policy, table: facts.sql, at: column };
  return {
    type: 'purge',
    aged: { column, cutOffText: times.cutOff },
    times: await ownMarkTimes(query, place, times),
    set: marked,
  };
}

async function resolveAged(
  draft: Draft,
  query: Query,
  facts: TableFacts,
  rule: Extract<Rule, { type: 'older-than' }>,
): Promise<AgedRule | undefined> {
  const aged = await resolveColumn(draft, query, facts, rule, draft.cutOff);
  const { agePer, ageMs, zone } = rule;
  if (!agePer) return aged && { type: 'older-than', aged, agePer: undefined };
  const isFit = await isOfType(draft, query, facts, agePer, 'interval', 'olderThan.age.per');
  if (!aged || !isFit) return undefined;
  const base = await cutOffAt(query, draft.cutOff, -ageMs);
  const bound = await cutOffAt(query, base, HOUR_MS);
  const boundText = zone === undefined ? bound : await wallClockOf(query, bound, zone);
  return {
    type: 'older-than',
    aged,
    agePer: { per: agePer, defaultMs: ageMs, base, boundText, zone },
  };
}

async function resolveParent(
  draft: Draft,
  query: Query,
  facts: TableFacts,
  { table, on }: OrphanParent,
): Promise<string | undefined> {
  for (const [own] of on) findColumn(draft, facts, own);
  const parent = await inspectTable(query, quoteIdentifierPath(table));
  if (!parent) {
    refuse(draft, 'unknown-table', `The parents' table ${table} is not there, or not visible`);
    return undefined;
  }
  if (parent.isRowSecurityActive) {
    refuse(
      draft,
      'row-security',
      `Row security hides rows of ${parent.sql} from this role, whose children would look like orphans; use a role with bypassrls`,
    );
  }
  for (const [, name] of on) findColumn(draft, parent, name);
  return parent.sql;
}

async function resolveColumn(
  draft: Draft,
  query: Query,
  facts: TableFacts,
  { column: name, zone }: AgedColumn,
  cutOff: string,
): Promise<ResolvedColumn | undefined> {
  const column = findColumn(draft, facts, name);
  if (!column || !isTimestamp(draft, facts, column, zone)) return undefined;
  if (zone === undefined) return { column, cutOffText: cutOff };
  if (!(await isZoneName(query, zone))) {
    refuse(
      draft,
      'zone',
      `The server has no time zone named ${zone}; take a name from pg_timezone_names, such as 'UTC', 'Europe/Berlin', or 'Etc/GMT+5' for five hours behind UTC`,
    );
    return undefined;
  }
  return { column, cutOffText: await wallClockOf(query, cutOff, zone) };
}

/** Refuses a column that is not there. */
export function findColumn(draft: Draft, facts: TableFacts, name: string): ColumnFacts | undefined {
  const column = facts.columns.find((each) => each.name === name);
  if (!column) {
    const known = facts.columns.map((each) => each.name).join(', ');
    refuse(draft, 'unknown-column', `${label(facts, name)} is not there; the table has ${known}`);
  }
  return column;
}

function isTimestamp(
  draft: Draft,
  facts: TableFacts,
  column: ColumnFacts,
  zone: string | undefined,
): boolean {
  const name = label(facts, column.name);
  switch (column.baseType) {
    case 'timestamp with time zone':
      if (zone === undefined) return true;
      refuse(draft, 'zone', `${name} stores instants, so zone has no meaning; leave it out`);
      return false;
    case 'timestamp without time zone':
      if (zone !== undefined) return true;
      refuse(
        draft,
        'zone',
        `${name} is a timestamp without time zone; say in which zone it was written: zone, such as 'UTC'`,
      );
      return false;
    case 'date':
      refuse(
        draft,
        'column-type',
        `${name} is a date, which does not say when on that day; expected a timestamp column`,
      );
      return false;
    default:
      refuse(draft, 'column-type', `${name} is ${column.type}, expected a timestamp column`);
      return false;
  }
}

/** Plans the expression over the table, and asks for its type; reads no row. */
async function isOfType(
  draft: Draft,
  query: Query,
  facts: TableFacts,
  fragment: SqlFragment,
  wanted: string,
  option: string,
): Promise<boolean> {
  const { leaves, sql, name } = facts;
  await checkFragment(draft, query, fragment, { option, facts });
  const values: unknown[] = [];
  const text = renderFragment(fragment, values);
  const from = `${leaves[0]?.sql ?? sql} as ${quoteIdentifier(name)}`;
  const type = await accepts(draft, query, async () => {
    const [row] = await query(
      `select pg_typeof((select (\n${text}\n) from ${from} limit 0))::text as type`,
      values,
    );
    return row?.['type'];
  });
  if (type === wanted || type === undefined) return type === wanted;
  refuse(draft, 'column-type', `${option} is of type ${type}; it must be ${wanted}`);
  return false;
}

function label(facts: TableFacts, column: string): string {
  return `${facts.sql}.${quoteIdentifier(column)}`;
}
