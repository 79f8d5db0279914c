import type { CleanupStatus, LastRun, PolicyStatus } from './status/status.ts';

/** Samples of one name, in the shape that Prometheus clients and `@ops/health` use. Plain data. */
export interface CleanupMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge';
  readonly samples: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

interface Family {
  readonly name: string;
  readonly help: string;
  /** Values of one policy, with the labels that they have besides its name. */
  read(policy: PolicyStatus): readonly (readonly [value: number | null, labels?: Labels])[];
}

type Labels = Readonly<Record<string, string>>;

const FAMILIES: readonly Family[] = [
  {
    name: 'cleanup_oldest_due_seconds',
    help: 'How long the oldest due row has been due; 0 when none is, absent when unknown',
    read: ({ lateMs }) => [[lateMs === null ? null : lateMs / 1000]],
  },
  {
    name: 'cleanup_overdue',
    help: 'Whether rows are due and no run has drained the policy for too long, or it cannot be said',
    read: ({ isOverdue }) => [[isOverdue ? 1 : 0]],
  },
  {
    name: 'cleanup_last_drained_timestamp_seconds',
    help: 'End of the last run that left nothing, in Unix time',
    read: ({ lastDrainedAt }) => [[seconds(lastDrainedAt)]],
  },
  {
    name: 'cleanup_last_run_timestamp_seconds',
    help: 'Start of the last run, in Unix time',
    read: ({ lastRun }) => [[seconds(lastRun?.startedAt)]],
  },
  {
    name: 'cleanup_last_run_duration_seconds',
    help: 'Time that the last run took for the policy; absent while it lasts',
    read: ({ lastRun }) => [[durationOf(lastRun)]],
  },
  {
    name: 'cleanup_last_run_rows',
    help: 'Rows of the last run by what became of them; archived rows are also deleted ones',
    read: ({ lastRun }) =>
      lastRun === null
        ? []
        : [
            [lastRun.deleted, { outcome: 'deleted' }],
            [lastRun.softDeleted, { outcome: 'soft_deleted' }],
            [lastRun.archived, { outcome: 'archived' }],
          ],
  },
  {
    name: 'cleanup_last_run_stopped',
    help: 'Why the last run ended, as 1; absent while it lasts, and when its process died',
    read: ({ lastRun }) => (lastRun?.stopped == null ? [] : [[1, { reason: lastRun.stopped }]]),
  },
];

/**
 * What {@link Cleanup.status} found, as metrics: `cleanupMetrics(await cleanup.status())`. All are
 * gauges, and taken from the history, so they are the same from every replica and do not end with
 * the process that ran. The labels are `policy`, `outcome` and `reason`.
 */
export function cleanupMetrics(status: CleanupStatus): readonly CleanupMetric[] {
  const policies: readonly PolicyStatus[] = Object.values(status.policies);
  const running: CleanupMetric = {
    name: 'cleanup_running',
    help: 'Whether a run is under way, in whatever process',
    type: 'gauge',
    samples: [{ labels: {}, value: status.running === null ? 0 : 1 }],
  };
  const families = FAMILIES.map(({ name, help, read }) => ({
    name,
    help,
    type: 'gauge' as const,
    samples: policies.flatMap((policy) =>
      read(policy).flatMap(([value, labels]) =>
        value === null ? [] : [{ labels: { policy: policy.policy, ...labels }, value }],
      ),
    ),
  }));
  return [running, ...families];
}

/**
 * Metrics as Prometheus reads them: text format 0.0.4, for `Content-Type: text/plain; version=0.0.4;
 * charset=utf-8`. A family without a sample is left out.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function prometheusText(metrics: readonly CleanupMetric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(({ labels, value }) => `${name}${labelSet(labels)} ${value}\n`);
      return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

function labelSet(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function seconds(iso: string | null | undefined): number | null {
  return iso == null ? null : Date.parse(iso) / 1000;
}

function durationOf(run: LastRun | null): number | null {
  const [start, end] = [seconds(run?.startedAt), seconds(run?.endedAt)];
  // Both are rounded to a millisecond, which floating point shows otherwise.
  return start === null || end === null ? null : Number((end - start).toFixed(3));
}
