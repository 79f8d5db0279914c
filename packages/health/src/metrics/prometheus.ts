import type { Engine } from '../engine.ts';
import type { CheckState } from '../report.ts';
import type { Status } from '../status.ts';
import { type ExposedSample, exposition, type MetricFamily } from './exposition.ts';
import { countTransitions, type TransitionCounts } from './transitions.ts';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const STATUSES = ['pass', 'warn', 'fail'] as const;

/** A check, with what its state does not tell. */
interface Entry {
  readonly check: string;
  readonly state: CheckState;
  readonly transitions: TransitionCounts;
}

/**
 * The metrics as text, made anew only when something has changed. Runs no check and starts no
 * schedule: a scrape is not a probe. Labels hold names, statuses and codes, and nothing else.
 */
export function createMetricsText(engine: Engine): () => string {
  const transitionsOf = countTransitions(engine);
  let kept = { revision: Number.NaN, text: '' };
  return () => {
    const { revision } = engine;
    if (kept.revision !== revision) {
      const { checks } = engine.report('all');
      const entries = Object.entries(checks).map(([check, state]) => ({
        check,
        state,
        transitions: transitionsOf(check),
      }));
      kept = { revision, text: exposition([...checkFamilies(entries), groupFamily(engine)]) };
    }
    return kept.text;
  };
}

function checkFamilies(entries: readonly Entry[]): MetricFamily[] {
  return [
    {
      name: 'health_check_status',
      help: 'Status that the check shows: 1 for the present one, 0 for the others.',
      type: 'gauge',
      samples: entries.flatMap(({ check, state }) => stateSet({ check }, state.status)),
    },
    {
      name: 'health_check_up',
      help: 'Whether the last result was no failure, before damping and whether or not the check is critical. Absent before the first.',
      type: 'gauge',
      samples: entries.flatMap(({ check, state }) =>
        known(state, { check }, state.raw === 'fail' ? 0 : 1),
      ),
    },
    {
      name: 'health_check_code',
      help: 'Why the check has its status: 1 for the present code.',
      type: 'gauge',
      samples: entries.map(({ check, state }) => ({
        labels: { check, code: state.code },
        value: 1,
      })),
    },
    {
      name: 'health_checks_total',
      help: 'Attempts that gave a result, before damping.',
      type: 'counter',
      samples: entries.flatMap(({ check, state }) => byStatus({ check }, state.totals)),
    },
    {
      name: 'health_check_duration_seconds',
      help: 'Time that attempts took.',
      type: 'summary',
      samples: entries.flatMap(({ check, state }) => summary({ check }, state)),
    },
    {
      name: 'health_check_last_duration_seconds',
      help: 'Time that the last attempt took.',
      type: 'gauge',
      samples: entries.flatMap(({ check, state }) =>
        known(state, { check }, seconds(state.durationMs)),
      ),
    },
    {
      name: 'health_check_last_success_timestamp_seconds',
      help: 'When the check last passed, before damping.',
      type: 'gauge',
      samples: entries.flatMap(({ check, state }) =>
        known(state, { check }, seconds(state.lastPass?.getTime())),
      ),
    },
    {
      name: 'health_check_transitions_total',
      help: 'Times that the check came to show the status, its first result included.',
      type: 'counter',
      samples: entries.flatMap(({ check, transitions }) => byStatus({ check }, transitions)),
    },
  ];
}

function groupFamily(engine: Engine): MetricFamily {
  return {
    name: 'health_group_status',
    help: 'Status of the group: 1 for the present one, 0 for the others.',
    type: 'gauge',
    samples: [...engine.groups.keys()].flatMap((group) =>
      stateSet({ group }, engine.standing(group).status),
    ),
  };
}

type Labels = Readonly<Record<string, string>>;

function stateSet(labels: Labels, present: Status): ExposedSample[] {
  return STATUSES.map((status) => ({
    labels: { ...labels, status },
    value: status === present ? 1 : 0,
  }));
}

function byStatus(labels: Labels, counts: Readonly<Record<Status, number>>): ExposedSample[] {
  return STATUSES.map((status) => ({ labels: { ...labels, status }, value: counts[status] }));
}

/** None before the first result, and none where there is no value. */
function known({ time }: CheckState, labels: Labels, value: number | undefined): ExposedSample[] {
  return time === undefined || value === undefined ? [] : [{ labels, value }];
}

function summary(labels: Labels, { totals }: CheckState): ExposedSample[] {
  return [
    { suffix: '_sum', labels, value: totals.durationMs / 1_000 },
    { suffix: '_count', labels, value: totals.pass + totals.warn + totals.fail },
  ];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}
