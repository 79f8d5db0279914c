import type { Clock } from '@ops/timeout';
import type { CheckSpec } from '../../src/check.ts';
import { type CheckState, createHealth } from '../../src/index.ts';

/** What one attempt of a check comes to, as an authorised reader sees it. */
export async function stateOf(check: CheckSpec, clock?: Clock): Promise<CheckState> {
  await using health = createHealth({
    checks: { one: check },
    defaults: { timeout: '20s' },
    clock,
  });
  return (await health.check()).checks.one;
}
