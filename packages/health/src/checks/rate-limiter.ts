import { randomUUID } from 'node:crypto';
import { callable, parseOptions, positiveInteger, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy, withDefaults } from '../check-policy.ts';
import { classifyError, read, systemCodeOf } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';
import { record } from '../record.ts';

/** Options of {@link rateLimiter}. */
export interface RateLimiterOptions extends CheckPolicy {
  /**
   * Takes one of the key's share. Understood as allowed: `true`, an object with `remainingPoints`
   * (rate-limiter-flexible) or with `success: true` or `allowed: true`. As denied: `false`, one with
   * `false` there, and a rejection with an object that has `msBeforeNext` and is no `Error`. An
   * object with `totalHits` (a store of express-rate-limit) is allowed up to `limit`. Anything else
   * fails.
   */
  readonly consume: (key: string) => unknown;
  /** How many must be allowed before the first is denied; 1 to 1,000. Default: at least 1, at most 100. */
  readonly limit?: number | undefined;
  /**
   * What the keys begin with; a random part follows, so that replicas and attempts do not meet.
   * @default 'ops-health'
   */
  readonly key?: string | undefined;
  /** Lets go of the key after the attempt. Default: it stays in the store until its window is over. */
  readonly reset?: ((key: string) => unknown) | undefined;
}

const schema = z.strictObject({
  ...checkPolicy,
  consume: callable<RateLimiterOptions['consume']>(),
  limit: positiveInteger.refine((value) => value <= 1_000, 'expected at most 1000').optional(),
  key: z
    .string()
    .regex(/^[\w:./-]{1,64}$/, '1 to 64 letters, digits, _ : . / -')
    .optional(),
  reset: callable<NonNullable<RateLimiterOptions['reset']>>().optional(),
} satisfies Shape<RateLimiterOptions>);

/** Without a `limit`: a limiter that allows so many is taken to deny nothing. */
const MOST_WITHOUT_LIMIT = 100;

/**
 * Whether a rate limiter limits: its own store answers, it allows what it must allow, and it denies
 * what it must deny. One that fails open, as most do when their store is gone, does not pass.
 *
 * The cost is `limit` + 1 calls, one after another, and one key in the store until its window is
 * over; twice that when too many were allowed, since a window may have ended meanwhile. In place of
 * a limit of thousands probe a limiter with the same store and 2 points. Leave out `limit` for a
 * bucket that refills while it is probed. An attempt ends between two calls when its time is over.
 *
 * Codes: `bad_response` (denies too early, too late or never, or answers what is not understood), and those of
 * the store: `refused`, `timeout`, `dns`, `tls`, `error`. Runs every minute unless told otherwise.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function rateLimiter(options: RateLimiterOptions): ExternalCheckSpec {
  const {
    consume,
    limit,
    key: prefix = 'ops-health',
    reset,
    ...policy
  } = parseOptions(schema, options, { of: 'rateLimiter' });
  return {
    ...withDefaults(policy, policy.ttl === undefined ? { every: '1m' } : {}),
    external: true,
    run: async ({ signal }) => {
      const count = (): Promise<number> =>
        countAllowed({ consume, reset, key: `${prefix}:${randomUUID()}`, limit, signal });
      const allowed = await count();
      // A fixed window may have ended between the first call and the last; hardly twice in a row.
      judge(limit !== undefined && allowed > limit ? await count() : allowed, limit);
    },
  };
}

interface Probe extends Pick<RateLimiterOptions, 'consume' | 'reset' | 'limit'> {
  readonly key: string;
  readonly signal: AbortSignal;
}

/** How many calls are allowed before one is denied, or before that is too many. */
async function countAllowed(probe: Probe): Promise<number> {
  const { consume, reset, key, limit, signal } = probe;
  const most = limit === undefined ? MOST_WITHOUT_LIMIT : limit + 1;
  let allowed = 0;
  try {
    while (allowed < most && (await ask(consume, key, limit))) {
      allowed += 1;
      signal.throwIfAborted();
    }
  } catch (error) {
    // What failed first is told.
    await letGo(reset, key).catch(() => {});
    throw error;
  }
  await letGo(reset, key);
  return allowed;
}

function judge(allowed: number, limit: number | undefined): void {
  const fail = (message: string): never => {
    throw new CheckFailedError('bad_response', message);
  };
  if (allowed < (limit ?? 1)) fail(`call ${allowed + 1} was denied, ${limit ?? 1} must be allowed`);
  if (allowed > (limit ?? MOST_WITHOUT_LIMIT - 1))
    fail(`call ${allowed} was allowed, and must not be`);
}

async function ask(
  consume: RateLimiterOptions['consume'],
  key: string,
  limit: number | undefined,
): Promise<boolean> {
  let verdict: boolean | undefined;
  try {
    verdict = verdictIn(await consume(key), limit);
  } catch (error) {
    if (isDenial(error)) return false;
    // Its own words may hold the address of the store.
    const reason = systemCodeOf(error) ?? 'consume() failed';
    throw new CheckFailedError(classifyError(error), `no verdict: ${reason}`, { cause: error });
  }
  if (verdict !== undefined) return verdict;
  throw new CheckFailedError('bad_response', 'what consume() returned is no verdict');
}

function verdictIn(answer: unknown, limit: number | undefined): boolean | undefined {
  if (typeof answer === 'boolean') return answer;
  const { success, allowed, totalHits, remainingPoints } = record(answer);
  if (typeof success === 'boolean') return success;
  if (typeof allowed === 'boolean') return allowed;
  if (typeof totalHits === 'number' && limit !== undefined) return totalHits <= limit;
  return typeof remainingPoints === 'number' ? true : undefined;
}

/** rate-limiter-flexible rejects with its result; when the store fails, with an error. */
function isDenial(thrown: unknown): boolean {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    !(thrown instanceof Error) &&
    typeof read(thrown, 'msBeforeNext') === 'number'
  );
}

async function letGo(reset: RateLimiterOptions['reset'], key: string): Promise<void> {
  if (reset === undefined) return;
  try {
    await reset(key);
  } catch (error) {
    throw new CheckFailedError(classifyError(error), 'reset() failed', { cause: error });
  }
}
