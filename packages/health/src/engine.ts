import type { Timer } from '@ops/timeout';
import type { Status } from './check.ts';
import { type CheckRunner, createCheckRunner } from './check-runner.ts';
import { notifier } from './events.ts';
import type { HealthSettings } from './options.ts';
import type { Redactor } from './redact.ts';
import { checkState, type HealthReport, type Standing, standingOf, worstOf } from './report.ts';

/** Runs the checks and knows how each group stands. Knows nothing of HTTP. */
export interface Engine {
  readonly groups: ReadonlyMap<string, readonly CheckRunner[]>;
  /** Whether readiness has been withdrawn. */
  isDraining(): boolean;
  /** Whether the startup group has passed, once and for all. */
  hasStarted(): boolean;
  report(group: string): HealthReport;
  /**
   * Starts what is out of date. Gives something to wait for only when a runner has no result that
   * may be shown; it resolves after the longest of their time limits at most.
   */
  prepare(runners: readonly CheckRunner[]): Promise<unknown> | undefined;
  /** Starts what is out of date and waits for it. */
  bringUpToDate(runners: readonly CheckRunner[]): Promise<unknown>;
  /** Withdraws readiness. */
  withdraw(): void;
  /** Resolves after `delayMs`, on abort (rejecting with its reason), or when stopped. */
  wait(delayMs: number, signal: AbortSignal | undefined): Promise<void>;
  stop(): void;
}

export function createEngine(settings: HealthSettings, redact: Redactor): Engine {
  const { clock } = settings;
  const notify = notifier(settings.onEvent);
  const shownStatus = new Map<string, Status>();
  const waits = new Set<() => void>();
  let isDraining = false;
  let hasStarted = false;

  const runners = new Map(
    settings.checks.map((check) => [
      check.name,
      createCheckRunner(check, clock, redact, (runner) => {
        announceCheck(runner);
        announceGroups();
      }),
    ]),
  );
  const groups = new Map(
    Object.entries(settings.groups).map(([group, names]) => [
      group,
      names.flatMap((name) => runners.get(name) ?? []),
    ]),
  );
  const standing = (group: string): Standing => {
    if (isDraining && (group === 'ready' || group === 'all')) {
      return { status: 'fail', code: 'shutting_down' };
    }
    if (group === 'startup' && hasStarted) return { status: 'pass', code: 'ok' };
    const members = groups.get(group) ?? [];
    return worstOf(members.map((runner) => standingOf(runner, group)));
  };
  const groupStatus = new Map([...groups.keys()].map((group) => [group, standing(group).status]));

  function announceCheck(runner: CheckRunner): void {
    const { name } = runner.settings;
    const { status: to, code } = standingOf(runner, 'all');
    const from = shownStatus.get(name) ?? 'not_run';
    if (from === to) return;
    shownStatus.set(name, to);
    const { message } = runner.state();
    notify({ type: 'change', check: name, from, to, code, message, at: new Date(clock.now()) });
  }

  function announceGroups(): void {
    if (!hasStarted && standing('startup').status !== 'fail') hasStarted = true;
    for (const group of groups.keys()) {
      const { status: to, code } = standing(group);
      const from = groupStatus.get(group) ?? to;
      if (from === to) continue;
      groupStatus.set(group, to);
      notify({ type: 'group-change', group, from, to, code, at: new Date(clock.now()) });
    }
  }

  return {
    groups,
    isDraining: () => isDraining,
    hasStarted: () => hasStarted,
    report: (group) => {
      const members = groups.get(group) ?? [];
      const checks = members.map((runner) => [runner.settings.name, checkState(runner, group)]);
      const time = new Date(clock.now());
      return { group, ...standing(group), time, checks: Object.fromEntries(checks) };
    },
    prepare: (asked) => {
      for (const runner of asked) runner.refresh();
      const pending = asked.flatMap((runner) =>
        runner.hasUsable() ? [] : (runner.verdict() ?? []),
      );
      return pending.length === 0 ? undefined : Promise.all(pending);
    },
    bringUpToDate: (asked) => {
      for (const runner of asked) runner.refresh();
      return Promise.all(asked.flatMap((runner) => runner.held() ?? []));
    },
    withdraw: () => {
      isDraining = true;
      announceGroups();
    },
    wait: (delayMs, signal) =>
      new Promise<void>((resolve, reject) => {
        signal?.throwIfAborted();
        let timer: Timer | undefined;
        const end = (): void => {
          if (timer !== undefined) clock.clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          waits.delete(end);
          resolve();
        };
        const abort = (): void => {
          reject(signal?.reason);
          end();
        };
        signal?.addEventListener('abort', abort, { once: true });
        waits.add(end);
        timer = clock.setTimeout(end, delayMs);
      }),
    stop: () => {
      for (const runner of runners.values()) runner.stop();
      for (const end of waits) end();
    },
  };
}
