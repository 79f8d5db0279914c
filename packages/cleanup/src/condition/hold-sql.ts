import { quoteIdentifier } from '../identifier.ts';
import type { HoldSettings } from '../policy/policy-settings.ts';
import { renderFragment } from '../sql.ts';

/** A hold whose table was found. */
export interface ResolvedHold extends HoldSettings {
  /** With its schema, quoted. */
  readonly sql: string;
}

/**
 * SQL that is true when a hold covers the row of `alias`. The hold is read in a subquery of its own,
 * in which the fragment cannot see a column of the row by mistake.
 */
export function isHeld(alias: string, hold: ResolvedHold, values: unknown[]): string {
  const names = hold.on.map(([ofHold]) => quoteIdentifier(ofHold)).join(', ');
  const pairs = hold.on.map(
    ([ofHold, own]) =>
      `ops_cleanup_hold.${quoteIdentifier(ofHold)} = ${alias}.${quoteIdentifier(own)}`,
  );
  const active = hold.active
    ? `\n        where (\n${renderFragment(hold.active, values)}\n        )`
    : '';
  return `exists (
      select
      from (
        select ${names}
        from ${hold.sql}${active}
      ) ops_cleanup_hold
      where ${pairs.join(' and ')}
    )`;
}
