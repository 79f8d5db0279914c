import { quoteIdentifier } from '../postgres/identifier.ts';
import type { Parameters } from './parameters.ts';
import type { ColumnValue, Where } from './rollup.ts';

/**
 * SQL conditions, one a column. `typeOf` gives a column's type: values travel as text and are cast.
 */
export function conditionsOf(
  where: Where,
  alias: string,
  typeOf: (column: string) => string,
  parameters: Parameters,
): string[] {
  return Object.entries(where).flatMap(([column, given]) => {
    if (given === undefined) return [];
    const values = (Array.isArray(given) ? given : [given]) as readonly ColumnValue[];
    const name = `${alias}.${quoteIdentifier(column)}`;
    const some = values.filter((value) => value !== null).map(asText);
    const fits = `${name} = any(${parameters.add(some, `text[]::${typeOf(column)}[]`)})`;
    return [some.length < values.length ? `(${fits} or ${name} is null)` : fits];
  });
}

function asText(value: ColumnValue): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
