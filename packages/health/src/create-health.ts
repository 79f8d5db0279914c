import { AsyncLocalStorage } from 'node:async_hooks';
import { InvalidOptionsError, withTimeout } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckRunner } from './check-runner.ts';
import { createEngine, type Engine } from './engine.ts';
import type { CheckOptions, DrainOptions, Health, WatchOptions } from './health.ts';
import type { Checks, GroupMembers, Groups, HealthOptions } from './health-options.ts';
import { createAnswers } from './http/answers.ts';
import { setFace } from './http/face.ts';
import { createFetchHandler } from './http/fetch-handler.ts';
import { type HealthSettings, readOptions } from './options.ts';
import { createPublishing, type Publishing } from './publishers/publishing.ts';
import { createRedactor } from './redact.ts';
import { untilAborted } from './until-aborted.ts';

const drainSchema = z.strictObject({
  delay: durationMs().default(5_000),
  signal: z.instanceof(AbortSignal).optional(),
} satisfies Shape<DrainOptions>);

/**
 * Makes the health of a service. Nothing runs until `start()`, or the first probe, `report()`,
 * `check()` or `watch()`.
 *
 * @throws InvalidOptionsError naming every fault: unknown or repeated group members, a check in
 * `live` that is marked external, names with a colon, misspelt keys, durations of 0 or less,
 * options of a schedule without one.
 */
export function createHealth<
  const C extends Checks,
  const G extends Groups<C> = { readonly live?: undefined },
>(options: HealthOptions<C, G>): Health<GroupMembers<C, G>> {
  const settings = readOptions(options as unknown as HealthOptions);
  // A check runs for everyone: not with the trace, the deadline or the user of whoever came first.
  const outside = AsyncLocalStorage.snapshot();
  const redact = createRedactor(settings.redact);
  const engine = createEngine(settings, redact, outside);
  const publishing = createPublishing(engine, settings, redact, outside);
  const answers = createAnswers(engine, settings);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll(engine, publishing, settings));

  const health: Health = {
    fetch: createFetchHandler(answers, settings),
    start: engine.start,
    report: (group = 'all') => {
      membersOf(engine, group);
      engine.start();
      return engine.report(group);
    },
    check: async (group = 'all', { signal }: CheckOptions = {}) => {
      signal?.throwIfAborted();
      await untilAborted(engine.bringUpToDate(membersOf(engine, group)), signal);
      return engine.report(group);
    },
    watch: (group = 'all', { signal }: WatchOptions = {}) => {
      membersOf(engine, group);
      return engine.watch(group, signal);
    },
    fatal: engine.fatal,
    drain: async (drainOptions = {}) => {
      const { delay, signal } = parseOptions(drainSchema, drainOptions, { of: 'drain' });
      await engine.drained(delay, signal);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
  setFace(health.fetch, { engine, settings, answers });
  return health;
}

function membersOf(engine: Engine, group: string): readonly CheckRunner[] {
  const members = engine.groups.get(group);
  if (members !== undefined) return members;
  const known = [...engine.groups.keys()].join(', ');
  throw new InvalidOptionsError(`group: expected one of ${known}, got '${group.slice(0, 40)}'`);
}

async function stopAll(
  engine: Engine,
  publishing: Publishing,
  { checks, clock }: HealthSettings,
): Promise<void> {
  engine.withdraw();
  engine.stop();
  await Promise.allSettled([
    publishing.end(),
    ...checks.flatMap(({ close, timeoutMs }) =>
      close === undefined ? [] : [withTimeout(() => close(), timeoutMs, { clock })],
    ),
  ]);
}
