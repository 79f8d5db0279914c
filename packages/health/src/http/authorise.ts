import { withTimeout } from '@ops/timeout';
import type { HealthSettings } from '../options.ts';

/**
 * Whether whoever sent the request may see details. Known at once where nobody has to be asked; it
 * never rejects. The request is made only when `details` wants to see it.
 */
export function authorise(
  { details, detailsTimeoutMs, clock }: HealthSettings,
  request: () => Request,
): boolean | Promise<boolean> {
  if (typeof details === 'boolean') return details;
  try {
    const answer: unknown = details(request());
    if (typeof answer === 'boolean') return answer;
    return withTimeout(async () => answer, detailsTimeoutMs, { clock }).then(
      (allowed) => allowed === true,
      () => false,
    );
  } catch {
    return false;
  }
}
