import type { Clock } from '@ops/timeout';
import type { CheckRunner } from './check-runner.ts';
import { isFatalFor, type Lifecycle } from './lifecycle.ts';
import { checkState, type HealthReport } from './report.ts';
import type { Standings } from './standings.ts';

/**
 * Makes reports, and keeps each group's last one until something has changed: probes come thousands
 * of times a second. The states in it are shared by all who get it, so they are frozen.
 */
export function createReporter(
  groups: ReadonlyMap<string, readonly CheckRunner[]>,
  standings: Standings,
  lifecycle: Lifecycle,
  clock: Clock,
): (group: string) => HealthReport {
  const kept = new Map<string, { readonly revision: number; readonly report: HealthReport }>();

  function make(group: string): HealthReport {
    const members = groups.get(group) ?? [];
    const states = members.map((runner) => [runner.settings.name, checkState(runner, group)]);
    return Object.freeze({
      group,
      ...standings.of(group),
      reason: isFatalFor(lifecycle, group) ? lifecycle.fatalReason : undefined,
      time: new Date(clock.now()),
      version: standings.version,
      checks: Object.freeze(Object.fromEntries(states)),
    });
  }

  return (group) => {
    const { revision } = standings;
    const last = kept.get(group);
    if (last?.revision === revision) {
      return Object.freeze({ ...last.report, time: new Date(clock.now()) });
    }
    const report = make(group);
    kept.set(group, { revision, report });
    return report;
  };
}
