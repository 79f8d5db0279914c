import { InvalidOptionsError } from '@ops/timeout';
import { faceOf, type HasFetch } from '../http/face.ts';
import type { CheckState } from '../report.ts';
import type { Status } from '../status.ts';

/** Part of `ObservableResult` of `@opentelemetry/api`. */
export interface Observation {
  observe(value: number, attributes: Record<string, string>): void;
}

/** Part of its `ObservableGauge` and `ObservableCounter`. */
export interface ObservableInstrument {
  addCallback(callback: (observation: Observation) => void): void;
  removeCallback(callback: (observation: Observation) => void): void;
}

/** Part of its `Meter`. */
export interface Meter {
  createObservableGauge(name: string, options: InstrumentOptions): ObservableInstrument;
  createObservableCounter(name: string, options: InstrumentOptions): ObservableInstrument;
}

/** Part of its `MetricOptions`. */
export interface InstrumentOptions {
  readonly description: string;
  /** By UCUM. */
  readonly unit: string;
}

interface Instrument {
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** Values with their status, if they have one. */
  read(state: CheckState): readonly (readonly [value: number, status?: Status])[];
}

const STATUSES = ['pass', 'warn', 'fail'] as const;

const INSTRUMENTS: readonly Instrument[] = [
  {
    kind: 'gauge',
    name: 'health.check.status',
    description: 'Status that the check shows: 1 for the present one, 0 for the others',
    unit: '1',
    read: ({ status }) => stateSet(status),
  },
  {
    kind: 'gauge',
    name: 'health.check.up',
    description: 'Whether the last result was no failure, before damping',
    unit: '1',
    read: ({ time, raw }) => (time === undefined ? [] : [[raw === 'fail' ? 0 : 1]]),
  },
  {
    kind: 'gauge',
    name: 'health.check.duration',
    description: 'Time that the last attempt took',
    unit: 's',
    read: ({ durationMs }) => (durationMs === undefined ? [] : [[durationMs / 1_000]]),
  },
  {
    kind: 'gauge',
    name: 'health.check.last_success',
    description: 'When the check last passed, before damping, in Unix time',
    unit: 's',
    read: ({ lastPass }) => (lastPass === undefined ? [] : [[lastPass.getTime() / 1_000]]),
  },
  {
    kind: 'counter',
    name: 'health.checks',
    description: 'Attempts that gave a result, before damping',
    unit: '{attempt}',
    read: ({ totals }) => STATUSES.map((status) => [totals[status], status]),
  },
];

/**
 * Makes observable instruments of a health object: `health.check.status`, `health.check.up`,
 * `health.check.duration`, `health.check.last_success`, `health.checks` and `health.group.status`.
 * A collection runs no check and starts no schedule. Attributes are `check` or `group`, and
 * `status`; they hold names and statuses, and nothing else.
 *
 * @returns what ends it.
 * @throws InvalidOptionsError when `health` was not made by `createHealth`.
 */
export function observeHealth(health: HasFetch, meter: Meter): () => void {
  const face = faceOf(health);
  if (face === undefined) {
    throw new InvalidOptionsError('observeHealth: expected what createHealth of this package made');
  }
  const { engine } = face;
  const ends = INSTRUMENTS.map(({ kind, name, read, ...options }) => {
    const create = kind === 'gauge' ? 'createObservableGauge' : 'createObservableCounter';
    return observed(meter[create](name, options), (observation) => {
      for (const [check, state] of Object.entries(engine.report('all').checks)) {
        for (const [value, status] of read(state)) {
          observation.observe(value, { check, ...(status && { status }) });
        }
      }
    });
  });
  const groups = meter.createObservableGauge('health.group.status', {
    description: 'Status of the group: 1 for the present one, 0 for the others',
    unit: '1',
  });
  ends.push(
    observed(groups, (observation) => {
      for (const group of engine.groups.keys()) {
        for (const [value, status] of stateSet(engine.standing(group).status)) {
          observation.observe(value, { group, status });
        }
      }
    }),
  );
  return () => {
    for (const end of ends) end();
  };
}

function stateSet(present: Status): (readonly [value: number, status: Status])[] {
  return STATUSES.map((status) => [status === present ? 1 : 0, status]);
}

function observed(
  instrument: ObservableInstrument,
  callback: (observation: Observation) => void,
): () => void {
  instrument.addCallback(callback);
  return () => {
    instrument.removeCallback(callback);
  };
}
