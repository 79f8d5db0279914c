/*
 * What is looked at in a fragment before it becomes part of a statement. A condition is put in
 * parentheses among others: `a) or (b` would end them, and stand beside the cut-off and the holds
 * instead of with them.
 */
import type { TableFacts } from '../catalog/table-facts.ts';
import { isServerError, type Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import { renderFragment, type SqlFragment } from '../sql.ts';
import type { Statement } from '../statement.ts';
import { type Draft, refuse } from './draft.ts';

/** The option it stands in, and whose columns it may name. */
interface FragmentPlace {
  readonly option: string;
  readonly facts: TableFacts;
}

/**
 * Refuses a fragment that reaches out of its parentheses, or that reads a table of which row security
 * hides rows from this role. Not one that the server finds fault with as it is: the statements say so.
 */
export async function checkFragment(
  draft: Draft,
  query: Query,
  fragment: SqlFragment,
  { option, facts }: FragmentPlace,
): Promise<void> {
  const values: unknown[] = [];
  const text = renderFragment(fragment, values);
  if (!(await isClosed(draft, query, { text, values }, { option, facts }))) return;
  if (await readsHiddenRows(query, { text, values }, facts)) {
    refuse(
      draft,
      'row-security',
      `Row security hides rows of a table that ${option} reads from this role, which would look like none; use a role with bypassrls`,
    );
  }
}

/** A parenthesis cannot end a bracket. A bare query stands in no brackets, but in an array of its own. */
async function isClosed(
  draft: Draft,
  query: Query,
  { text, values }: Statement,
  { option, facts }: FragmentPlace,
): Promise<boolean> {
  const from = `${facts.leaves[0]?.sql ?? facts.sql} as ${quoteIdentifier(facts.name)}`;
  const enclosed = (open: string, close: string): Promise<boolean> =>
    isTaken(query, { text: `select ${open}\n${text}\n${close}\nfrom ${from}`, values });
  if (await enclosed('(array[', '])[1]')) return true;
  const isQuery = /^\s*(?:select|with|values|table)\b/i.test(text);
  if (isQuery && (await enclosed('array(', ')'))) return true;
  if (await enclosed('(', ')')) {
    refuse(
      draft,
      'statement',
      `${option} closes a parenthesis that it does not open, so a part of it would stand beside the cut-off and the holds; put parentheses around all of it`,
    );
  }
  return false;
}

/**
 * With row security off, reading a table that it covers is an error instead of fewer rows. The table's
 * own columns are nulls here, so that it alone does not count: its hidden rows are not touched.
 */
async function readsHiddenRows(
  query: Query,
  { text, values }: Statement,
  { columns, name }: TableFacts,
): Promise<boolean> {
  const nulls = columns.map(
    (column) => `null::${column.baseType} as ${quoteIdentifier(column.name)}`,
  );
  const statement = {
    text: `select (\n${text}\n)\nfrom (select ${nulls.join(', ')}) as ${quoteIdentifier(name)}`,
    values,
  };
  if (await isTaken(query, statement, 'off')) return false;
  // What the server has against it may be something else.
  return isTaken(query, statement, 'on');
}

/**
 * Mistakes, missing rights, what is not supported, a foreign table that cannot be read: not a lock or a
 * limit that was met.
 */
const VERDICT = /^(?:0A|22|42|55000|HV)/;

/** Whether the server would run it; leaves the transaction as it was. */
async function isTaken(
  query: Query,
  { text, values }: Statement,
  rowSecurity: 'on' | 'off' = 'on',
): Promise<boolean> {
  await query(`savepoint ops_cleanup_fragment; set local row_security = ${rowSecurity}`);
  let isFine = true;
  try {
    await query(`explain ${text}`, values);
  } catch (error) {
    if (!isServerError(error) || !VERDICT.test(error.code)) throw error;
    isFine = false;
  }
  await query('rollback to savepoint ops_cleanup_fragment');
  return isFine;
}
