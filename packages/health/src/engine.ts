import { type CheckRunner, createCheckRunner, type RunnerEnvironment } from './check-runner.ts';
import { createEventFeed, type HealthEvent } from './events.ts';
import { isFatalFor, type Lifecycle } from './lifecycle.ts';
import type { HealthSettings } from './options.ts';
import { readFailure } from './reading.ts';
import type { Redactor } from './redact.ts';
import type { HealthReport } from './report.ts';
import { createReporter } from './reporter.ts';
import { createStandings } from './standings.ts';
import type { Standing } from './status.ts';
import { waitUntil } from './wait-until.ts';
import { type Watched, watch } from './watch.ts';

/** Runs the checks and knows how each group stands. Knows nothing of HTTP. */
export interface Engine {
  readonly groups: ReadonlyMap<string, readonly CheckRunner[]>;
  /**
   * Changes with the status or code of any check or group, and with nothing else: a body of names,
   * statuses and codes can be kept until it does. Cheap to read.
   */
  readonly version: number;
  /** Changes with anything that a report shows: times, values, messages, whether a check is running. */
  readonly revision: number;
  /** Whether readiness has been withdrawn. */
  isDraining(): boolean;
  /** Whether the startup group has passed, once and for all. */
  hasStarted(): boolean;
  /** What `fatal` was told, redacted, if it counts in the group. */
  fatalReason(group: string): string | undefined;
  /** How a group stands. Cheap. */
  standing(group: string): Standing;
  /** Made anew only after a change; the checks' states in it are shared and frozen. Runs nothing. */
  report(group: string): HealthReport;
  /** Begins the schedules. Only the first call does anything. */
  start(): void;
  /**
   * Starts what is out of date. Gives something to wait for only when a runner has no result that
   * may be shown; it resolves after the longest of their time limits at most.
   */
  prepare(runners: readonly CheckRunner[]): Promise<unknown> | undefined;
  /** Starts what is out of date and waits for it, and for what is under way. */
  bringUpToDate(runners: readonly CheckRunner[]): Promise<unknown>;
  /** Reports of a group, the present one and then one after each transition in it. */
  watch(group: string, signal: AbortSignal | undefined): AsyncIterable<HealthReport>;
  /** For listeners besides `onEvent`. Gives back what ends it. */
  onEvent(listener: (event: HealthEvent) => void): () => void;
  /** Withdraws readiness, for good. */
  withdraw(): void;
  /** Fails liveness, for good. The first reason stays. */
  fatal(reason: string): void;
  /**
   * Resolves `delayMs` after readiness was withdrawn, on abort (rejecting with its reason), or when
   * stopped.
   */
  drained(delayMs: number, signal: AbortSignal | undefined): Promise<void>;
  stop(): void;
}

/** @param outside calls back outside of any request's async context. */
export function createEngine(
  settings: HealthSettings,
  redact: Redactor,
  outside: RunnerEnvironment['outside'],
): Engine {
  const { clock, random } = settings;
  const lifecycle: Lifecycle = {
    withdrawnAt: undefined,
    hasStarted: false,
    fatalReason: undefined,
  };
  const events = createEventFeed();
  if (settings.onEvent !== undefined) events.subscribe(settings.onEvent);
  const environment: RunnerEnvironment = {
    clock,
    random,
    redact,
    outside,
    onStart: () => standings.touch(),
    onEnd: () => standings.update(),
  };
  const runners = settings.checks.map((check) => createCheckRunner(check, environment));
  const groups = groupsOf(settings, runners);
  const standings = createStandings({ runners, groups, lifecycle, clock, emit: events.emit });
  const report = createReporter(groups, standings, lifecycle, clock);
  /** Of those who wait for the end of a drain, or for a change. */
  const ends = new Set<() => void>();
  let isRunning = false;
  let isStopped = false;

  function start(): void {
    if (isRunning) return;
    isRunning = true;
    for (const runner of runners) runner.start();
  }

  function prepare(asked: readonly CheckRunner[]): Promise<unknown> | undefined {
    start();
    const nowMs = clock.monotonic();
    let needed: Promise<void>[] | undefined;
    for (const runner of asked) {
      runner.refresh(nowMs);
      const verdict = runner.needed();
      if (verdict !== undefined) (needed ??= []).push(verdict);
    }
    return needed && Promise.all(needed);
  }

  function bringUpToDate(asked: readonly CheckRunner[]): Promise<unknown> {
    start();
    const nowMs = clock.monotonic();
    for (const runner of asked) runner.refresh(nowMs);
    return Promise.all(asked.flatMap((runner) => runner.held() ?? []));
  }

  function watchedGroup(group: string): Watched<HealthReport> {
    return {
      version: () => standings.toldVersion(group),
      current: () => report(group),
      isEnded: () => isStopped,
      subscribe: (wake) => {
        const unsubscribe = standings.subscribe(wake);
        ends.add(wake);
        return () => {
          unsubscribe();
          ends.delete(wake);
        };
      },
    };
  }

  function withdraw(): void {
    if (lifecycle.withdrawnAt !== undefined) return;
    lifecycle.withdrawnAt = clock.monotonic();
    standings.update();
  }

  function fatal(reason: string): void {
    if (lifecycle.fatalReason !== undefined) return;
    // Any value at all may come from where nothing is checked, and this is no time to refuse it.
    lifecycle.fatalReason = readFailure(reason, redact).message ?? '';
    standings.update();
  }

  function stop(): void {
    isStopped = true;
    // Nothing is to be started any more.
    isRunning = true;
    for (const runner of runners) runner.stop();
    for (const end of ends) end();
  }

  return {
    groups,
    get version() {
      return standings.version;
    },
    get revision() {
      return standings.revision;
    },
    isDraining: () => lifecycle.withdrawnAt !== undefined,
    hasStarted: () => lifecycle.hasStarted,
    fatalReason: (group) => (isFatalFor(lifecycle, group) ? lifecycle.fatalReason : undefined),
    standing: standings.of,
    report,
    start,
    prepare,
    bringUpToDate,
    watch: (group, signal) => {
      start();
      return watch(watchedGroup(group), signal);
    },
    onEvent: events.subscribe,
    withdraw,
    fatal,
    drained: async (delayMs, signal) => {
      withdraw();
      const dueMs = (lifecycle.withdrawnAt ?? 0) + delayMs;
      if (!isStopped) await waitUntil(dueMs, clock, signal, ends);
    },
    stop,
  };
}

function groupsOf(settings: HealthSettings, runners: readonly CheckRunner[]): Engine['groups'] {
  const byName = new Map(runners.map((runner) => [runner.settings.name, runner]));
  return new Map(
    Object.entries(settings.groups).map(([group, names]) => [
      group,
      names.flatMap((name) => byName.get(name) ?? []),
    ]),
  );
}
