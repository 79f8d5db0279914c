import { InvalidOptionsError, readOptions } from '@ops/timeout/check';
import { isBoolean, isVersion, readSignal } from './call-options.ts';
import type { RecoveredIndex } from './engine/run.ts';
import { HalfRevertedError, type MigrationRef } from './errors.ts';
import type { PendingMigration } from './history/compare.ts';
import type { Settings } from './options.ts';
import type { PlanData } from './plan/plan.ts';
import { compareNow, inSituation, type Situation } from './situation.ts';
import { knownVersion, upTo } from './sources/up-to.ts';

/** Options of `up`. */
export interface UpOptions {
  /** See {@link CallOptions}. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What `plan()` gave, or its JSON. Exactly that is run, in the order and up to the version for which
   * it was made; when something else is pending once the lock is held, nothing is.
   */
  readonly plan?: PlanData | undefined;
  /**
   * Applies pending files that are older than the newest applied one as well. A single file says so
   * itself by the line `-- ops: out-of-order`. @default false
   */
  readonly allowOutOfOrder?: boolean | undefined;
  /**
   * The last version of the directories to apply; later ones stay pending. Packs are not held back.
   * There must be a file of that version; leading zeros do not matter. @default all
   */
  readonly to?: string | undefined;
}

/** What a call of `up` has done. */
export interface UpReport {
  /** In order; empty when everything was applied already, or by another process meanwhile. */
  readonly applied: readonly AppliedNow[];
  /** Indexes whose unfinished remains were dropped and which were built anew. */
  readonly recovered: readonly RecoveredIndex[];
  /** Tries that met a lock timeout or deadlock and were repeated. */
  readonly retried: number;
  /** Time spent waiting for another process. */
  readonly waitedMs: number;
  /** Of the whole call. */
  readonly durationMs: number;
}

/** A file that this call has applied, or finished. */
export interface AppliedNow extends MigrationRef {
  readonly durationMs: number;
}

export async function runUp(settings: Settings, options: UpOptions): Promise<UpReport> {
  const { clock } = settings;
  const startedAt = clock.monotonic();
  const wish = readWish(options);
  return inSituation(settings, options.signal, async (situation) => {
    // Without the lock: replicas that find nothing to do need not queue.
    const pending = await findPending(situation, wish, { onlyIfNone: true });
    const nothing = { applied: [], recovered: [], retried: 0, waitedMs: 0 };
    if (pending.length === 0) return { ...nothing, durationMs: clock.monotonic() - startedAt };
    const { migrate } = await import('./migrate.ts');
    const outcome = await migrate(
      situation,
      () => findPending(situation, wish),
      wish.plan !== undefined,
    );
    return { ...outcome, durationMs: clock.monotonic() - startedAt };
  });
}

/** @throws InvalidOptionsError */
function readWish(options: UpOptions): Wish {
  const read = readOptions('up', options);
  const plan = read.value<PlanData>('plan', 'what plan() gives, or its JSON', isPlan);
  const allowOutOfOrder = read.value<boolean>('allowOutOfOrder', 'true or false', isBoolean);
  const to = read.value<string>('to', 'a version in a string', isVersion);
  readSignal(read);
  read.done();
  if (plan === undefined) return { plan, allowOutOfOrder, to };
  if (allowOutOfOrder !== undefined || to !== undefined) {
    throw new InvalidOptionsError('up: with a plan, pass allowOutOfOrder and to to plan() instead');
  }
  return { plan, allowOutOfOrder: plan.allowOutOfOrder, to: plan.to };
}

function isPlan(value: unknown): boolean {
  const { hash, steps } = Object(value) as Partial<PlanData>;
  return typeof hash === 'string' && Array.isArray(steps);
}

/** What is to be run. */
type Wish = Pick<UpOptions, 'plan' | 'allowOutOfOrder' | 'to'>;

/**
 * What there is to run at this moment. Without the lock only that there is nothing can be relied on:
 * another process may be in the middle of it, and its work is neither stale nor done yet.
 *
 * @throws MissingFileError, DriftError or OrderError when files and history do not fit; StalePlanError.
 */
async function findPending(
  situation: Situation,
  { plan, allowOutOfOrder, to }: Wish,
  { onlyIfNone = false }: { readonly onlyIfNone?: boolean } = {},
): Promise<readonly PendingMigration[]> {
  const { pending: all, problems, rows } = await compareNow(situation, { allowOutOfOrder });
  // What is half taken back may be so because a down is at work.
  const problem = problems.find((each) => !(onlyIfNone && each instanceof HalfRevertedError));
  if (problem !== undefined) throw problem;
  const pending = upTo(all, to && knownVersion('up: to', to, situation.files));
  if (plan !== undefined && (pending.length === 0 || !onlyIfNone)) {
    const { assertPlanned } = await import('./plan/assert-planned.ts');
    await assertPlanned(plan, pending, rows, situation);
  }
  return pending;
}
