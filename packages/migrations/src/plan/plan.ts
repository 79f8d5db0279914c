import { readOptions } from '@ops/timeout/check';
import { isBoolean, isVersion, readSignal } from '../call-options.ts';
import type { MigrationRef } from '../errors.ts';
import type { StepRef } from '../events.ts';
import type { Settings } from '../options.ts';
import { compareNow, type Findings, inSituation, type Situation } from '../situation.ts';
import { knownVersion, upTo } from '../sources/up-to.ts';
import { hashPlan } from './hash.ts';
import { lookAtIndexes } from './index-look.ts';
import { describeSteps } from './planned-step.ts';
import { writeScript } from './script.ts';
import { collectWarnings } from './warnings.ts';

/** Options of `plan`; as those of `up`. */
export interface PlanOptions {
  /** See {@link CallOptions}. */
  readonly signal?: AbortSignal | undefined;
  /** See {@link UpOptions}. */
  readonly allowOutOfOrder?: boolean | undefined;
  /** See {@link UpOptions}. */
  readonly to?: string | undefined;
}

/** What `up` would do at this moment. */
export interface Plan extends PlanData {
  /**
   * A commented script of what `up` sends, for reading and for trying it out elsewhere:
   * `psql -X -v ON_ERROR_STOP=1 -f plan.sql`. Without the history, and with functions of modules and
   * backfills as comments.
   */
  toSQL(): string;
  toJSON(): PlanData;
}

/** A plan as it comes back from its JSON; `up` takes either. */
export interface PlanData {
  /** In the order in which they run; empty when nothing is pending. */
  readonly steps: readonly PlannedStep[];
  readonly warnings: readonly PlanWarning[];
  /**
   * SHA-256 over the pending migrations: which they are, what they say, and how far each has got.
   * `up({ plan })` runs nothing when this has become another.
   */
  readonly hash: string;
  /** As passed to `plan`; `up` takes these from the plan. */
  readonly allowOutOfOrder: boolean;
  /** As passed to `plan`. */
  readonly to?: string | undefined;
}

/** A step that is still to be run. */
export interface PlannedStep extends StepRef {
  readonly migration: MigrationRef;
  /** Its statements, each with its semicolon. Undefined for a function and for a backfill. */
  readonly sql: string | undefined;
}

/** Something to think about before `up`. Nothing here keeps it from running. */
export interface PlanWarning {
  /**
   * `not-applicable`, `cosmetic-edit`: see {@link MigrationNote}. `out-of-order`: older than what is
   * applied, and allowed. `half-done`: an earlier run got part of the way. `index-present`,
   * `index-invalid`, `index-building`: what there is under the name of a concurrent index.
   * `index-conflict`: the same, and `up` will fail there. `blocking-index`: a plain `create index` on a
   * table with rows. `not-shown`: a step that is code. `repeated-step`: a step that runs again when its
   * end was not seen.
   */
  readonly code: PlanWarningCode;
  /** One sentence for people. */
  readonly message: string;
  readonly migration: MigrationRef | undefined;
  /** Line in the file, from 1. */
  readonly line: number | undefined;
}

/** See {@link PlanWarning.code}. */
export type PlanWarningCode =
  | 'not-applicable'
  | 'cosmetic-edit'
  | 'out-of-order'
  | 'half-done'
  | 'index-present'
  | 'index-invalid'
  | 'index-building'
  | 'index-conflict'
  | 'blocking-index'
  | 'not-shown'
  | 'repeated-step';

export async function makePlan(settings: Settings, options: PlanOptions): Promise<Plan> {
  const wish = readWish(options);
  return inSituation(settings, wish.signal, async (situation) => {
    const findings = await compareNow(situation, wish);
    if (findings.problems[0] !== undefined) throw findings.problems[0];
    return assemble(situation, findings, wish);
  });
}

/** @throws InvalidOptionsError: a misspelt key must not be passed over. */
function readWish(options: PlanOptions): PlanOptions {
  const read = readOptions('plan', options);
  const wish = {
    allowOutOfOrder: read.value<boolean>('allowOutOfOrder', 'true or false', isBoolean),
    to: read.value<string>('to', 'a version in a string', isVersion),
    signal: readSignal(read),
  };
  read.done();
  return wish;
}

async function assemble(
  { session, settings, files }: Situation,
  findings: Findings,
  { allowOutOfOrder = false, to }: PlanOptions,
): Promise<Plan> {
  const pending = upTo(findings.pending, to && knownVersion('plan: to', to, files));
  const looks = await lookAtIndexes(session, pending, settings.lockTimeoutMs);
  const data: PlanData = {
    steps: pending.flatMap(describeSteps),
    warnings: await collectWarnings(session, { ...findings, pending }, looks),
    hash: hashPlan(pending),
    allowOutOfOrder,
    to,
  };
  return {
    ...data,
    toSQL: () => writeScript(pending, data, { looks, lockTimeoutMs: settings.lockTimeoutMs }),
    toJSON: () => data,
  };
}
