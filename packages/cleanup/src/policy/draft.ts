import { isServerError, type Query } from '../database.ts';
import type { PolicyPlan, Refusal, RefusalCode } from '../plan.ts';
import type { PolicySettings } from './policy-settings.ts';

/** A {@link PolicyPlan} that is being filled in. */
export type Draft = { -readonly [K in keyof PolicyPlan]: PolicyPlan[K] } & {
  readonly refusals: Refusal[];
  readonly warnings: string[];
};

export function startDraft(policy: string, table: string, settings: PolicySettings): Draft {
  return {
    policy,
    table,
    outcome: settings.outcome.type,
    cutOff: '',
    candidates: null,
    purgeable: null,
    rows: null,
    share: null,
    index: null,
    walks: [],
    partitions: null,
    foreignKeys: [],
    cycles: [],
    holds: [],
    holdsBelow: [],
    exemptBecause: settings.holdsExemptBecause ?? null,
    warnings: [],
    refusals: [],
    sql: null,
    hash: '',
  };
}

export function refuse(draft: Draft, code: RefusalCode, message: string): void {
  draft.refusals.push({ code, message });
}

/** Undefined, and refused, when the server finds fault with it. */
export async function accepts<T>(
  draft: Draft,
  query: Query,
  work: () => Promise<T>,
): Promise<T | undefined> {
  await query('savepoint ops_cleanup_accepts');
  try {
    const result = await work();
    await query('release savepoint ops_cleanup_accepts');
    return result;
  } catch (error) {
    if (!isServerError(error)) throw error;
    await query('rollback to savepoint ops_cleanup_accepts');
    refuse(draft, 'statement', `${error.message} (${error.code})`);
    return undefined;
  }
}
