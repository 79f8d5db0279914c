import type { ColumnFacts } from '../catalog/columns.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { ArchivedColumn } from './archived-column.ts';

/*
 * A value is archived as the text that its type's own output function writes, which its input
 * function reads back exactly. A cast to text may be another function: it drops the blanks at the end
 * of a `bpchar`, and a type of one's own may do what it likes.
 */

/**
 * What makes the text of values unambiguous, local to the transaction: intervals in one style, money
 * with one sign and point. (Dates, zone and digits are set for every transaction.)
 */
export const TEXT_SETTINGS = `set local intervalstyle = 'postgres'; set local lc_monetary = 'C'; set local bytea_output = 'hex'; set local xmloption = 'content'`;

/** Casts of these to text are their output function, at a third of the cost of `format`. */
const PLAIN = new Set([
  'bigint',
  'boolean',
  'bytea',
  'character varying',
  'date',
  'double precision',
  'integer',
  'json',
  'jsonb',
  'numeric',
  'real',
  'smallint',
  'text',
  'timestamp with time zone',
  'timestamp without time zone',
  'uuid',
]);

/** Names of things: the text depends on the search path, the number behind it does not. */
const BY_OID =
  /^reg(?:class|collation|config|dictionary|namespace|oper|operator|proc|procedure|role|type)$/;

/** SQL for the text of a column of `alias`; null for null. */
export function columnText(alias: string, { name, type, baseType }: ColumnFacts): string {
  const value = `${alias}.${quoteIdentifier(name)}`;
  if (PLAIN.has(baseType)) return `${value}::text`;
  if (BY_OID.test(type)) return `${value}::oid::text`;
  // "is not null" would be false for a row of nulls.
  return `case when ${value} is distinct from null then format('%s', ${value}) end`;
}

/** SQL for the value of a text, for a column of the type that `to` has now. */
export function textValue(text: string, { plainType }: ArchivedColumn): string {
  return BY_OID.test(plainType) ? `(${text})::oid::${plainType}` : `(${text})::${plainType}`;
}
