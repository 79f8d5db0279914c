import { createHash } from 'node:crypto';
import { renderFragment, type SqlFragment } from '../sql.ts';
import type { HoldSettings, Outcome, PolicySettings, Rule } from './policy-settings.ts';

/**
 * Identifies what a policy does. `maxShare` is left out: it says when to ask, not what goes. The
 * table is the one found, so the same policy under another search path is another.
 */
export function hashPolicy(
  policy: string,
  table: string,
  settings: PolicySettings,
  holds: readonly HoldSettings[],
): string {
  const { rule, outcome, where, keepLast, keepAtLeast, holdsExemptBecause } = settings;
  return hashParts([
    policy,
    table,
    ruleParts(rule),
    outcomeParts(outcome),
    fragmentParts(where),
    keepLast ?? null,
    keepAtLeast,
    holdsExemptBecause !== undefined,
    holds.map((hold) => [hold.table, hold.on, fragmentParts(hold.active)]),
  ]);
}

/** 128 bits: short enough to be typed, long enough never to be met by chance. */
export function hashParts(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function ruleParts(rule: Rule): readonly unknown[] {
  if (rule.type === 'inactive-for') return [rule.type, rule.ageMs, fragmentParts(rule.since)];
  const aged = [rule.type, rule.column, rule.ageMs, rule.zone ?? null];
  return [...aged, rule.type === 'orphan-of' ? rule.parent : fragmentParts(rule.agePer)];
}

function outcomeParts(outcome: Outcome): readonly unknown[] {
  if (outcome.type === 'archive') {
    return [outcome.type, outcome.target.kind, outcome.target.description];
  }
  if (outcome.type !== 'soft-delete') return [outcome.type];
  return [outcome.type, outcome.set, outcome.at, outcome.purgeAfterMs];
}

function fragmentParts(fragment: SqlFragment | undefined): unknown {
  if (!fragment) return null;
  const values: unknown[] = [];
  return [renderFragment(fragment, values), values.map(tagged)];
}

/** JSON has no bigint and no bytes, and must not take one for the text that looks like it. */
function tagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tagged);
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('hex')];
  return [typeof value, String(value)];
}
