import { type Duration, InvalidOptionsError, withTimeout } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import { createEngine, type Engine } from './engine.ts';
import { createFetchHandler } from './fetch-handler.ts';
import type { Checks, GroupMembers, Groups, HealthOptions } from './health-options.ts';
import { type HealthSettings, readOptions } from './options.ts';
import { createRedactor } from './redact.ts';
import type { HealthReport } from './report.ts';
import { untilAborted } from './until-aborted.ts';

/** Options of {@link Health.check}. */
export interface CheckOptions {
  /** Aborting it rejects with its reason and stops the waiting, not the checks: others wait too. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Health.drain}. */
export interface DrainOptions {
  /**
   * How long to wait for load balancers to see it: at least their probe interval times their
   * failure threshold.
   * @default '5s'
   */
  readonly delay?: Duration | undefined;
  /** Aborting it rejects with its reason; readiness stays withdrawn. */
  readonly signal?: AbortSignal | undefined;
}

/** Made by {@link createHealth}; `Members` has the names of each group's checks. */
export interface Health<Members = Readonly<Record<string, string>>> extends AsyncDisposable {
  /**
   * Answers `/health`, `/livez`, `/readyz`, `/startupz`, `/healthz` and their sub-paths; 404 to
   * anything else. Never rejects. Needs no `this`.
   *
   * It waits only when a check has no result that may be shown, and then for the check's time
   * limit at most. The request's signal is not looked at: a probe that goes away stops nothing.
   */
  fetch(request: Request): Promise<Response>;
  /** How every check, or the checks of `group`, stand now. Runs nothing. */
  report(): HealthReport<MembersIn<Members, 'all'>>;
  report<Group extends GroupIn<Members>>(group: Group): HealthReport<MembersIn<Members, Group>>;
  /**
   * Runs what is older than its ttl, waits for it (each check for its time limit at most), and
   * reports. Joins attempts that are under way; does not wait for one that is overdue.
   */
  check(): Promise<HealthReport<MembersIn<Members, 'all'>>>;
  check<Group extends GroupIn<Members>>(
    group: Group,
    options?: CheckOptions,
  ): Promise<HealthReport<MembersIn<Members, Group>>>;
  /**
   * Call it when told to end, before closing the server: `ready` and `all` fail at once with
   * `shutting_down`, for good, while `live` is not touched. Resolves after the delay, or when
   * stopped; each call waits for its own delay.
   */
  drain(options?: DrainOptions): Promise<void>;
  /**
   * Withdraws readiness, aborts what is running and closes what the checks hold, waiting for each
   * at most its time limit. What a check does in spite of its signal goes on. The same promise on
   * every call.
   */
  stop(): Promise<void>;
}

/** Names of the groups. */
export type GroupIn<Members> = Extract<keyof Members, string>;

type MembersIn<Members, Group> = Group extends keyof Members
  ? Extract<Members[Group], string>
  : never;

const drainSchema = z.strictObject({
  delay: durationMs().default(5_000),
  signal: z.instanceof(AbortSignal).optional(),
} satisfies Shape<DrainOptions>);

/**
 * Makes the health of a service. Nothing runs until the first probe or `check()`.
 *
 * @throws InvalidOptionsError naming every fault: unknown or repeated group members, a check in
 * `live` that is marked external, names with a colon, misspelt keys, durations of 0 or less.
 */
export function createHealth<
  const C extends Checks,
  const G extends Groups<C> = { readonly live?: undefined },
>(options: HealthOptions<C, G>): Health<GroupMembers<C, G>> {
  const settings = readOptions(options as unknown as HealthOptions);
  const engine = createEngine(settings, createRedactor(settings.redact));
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll(engine, settings));

  const health: Health = {
    fetch: createFetchHandler(engine, settings),
    report: (group = 'all') => {
      membersOf(engine, group);
      return engine.report(group);
    },
    check: async (group = 'all', { signal }: CheckOptions = {}) => {
      signal?.throwIfAborted();
      await untilAborted(engine.bringUpToDate(membersOf(engine, group)), signal);
      return engine.report(group);
    },
    drain: async (drainOptions = {}) => {
      const { delay, signal } = parseOptions(drainSchema, drainOptions, { of: 'drain' });
      engine.withdraw();
      if (stopping === undefined) await engine.wait(delay, signal);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return health;
}

function membersOf(engine: Engine, group: string) {
  const members = engine.groups.get(group);
  if (members !== undefined) return members;
  const known = [...engine.groups.keys()].join(', ');
  throw new InvalidOptionsError(`group: expected one of ${known}, got '${group.slice(0, 40)}'`);
}

async function stopAll(engine: Engine, { checks, clock }: HealthSettings): Promise<void> {
  engine.withdraw();
  engine.stop();
  await Promise.allSettled(
    checks.flatMap(({ close, timeoutMs }) =>
      close === undefined ? [] : [withTimeout(() => close(), timeoutMs, { clock })],
    ),
  );
}
