import { createHash } from 'node:crypto';
import type { PolicySettings } from './options.ts';
import { renderFragment } from './sql.ts';

/**
 * Identifies what a policy deletes. `maxShare` is left out: it says when to ask, not what goes. The
 * table is the one found, so the same policy under another search path is another.
 */
export function hashPolicy(policy: string, table: string, settings: PolicySettings): string {
  const values: unknown[] = [];
  const where = settings.where ? renderFragment(settings.where, values) : null;
  const { column, ageMs, zone = null } = settings;
  return hashParts([policy, table, column, ageMs, zone, where, values.map(tagged)]);
}

/** 128 bits: short enough to be typed, long enough never to be met by chance. */
export function hashParts(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** JSON has no bigint and no bytes, and must not take one for the text that looks like it. */
function tagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tagged);
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('hex')];
  return [typeof value, String(value)];
}
