import type { TelemetryStats } from '../client/telemetry.ts';

/** Part of `ObservableResult` of `@opentelemetry/api`. */
export interface Observation {
  observe(value: number, attributes?: Record<string, string>): void;
}

/** Part of its `ObservableGauge` and `ObservableCounter`. */
export interface ObservableInstrument {
  addCallback(callback: (observation: Observation) => void): void;
  removeCallback(callback: (observation: Observation) => void): void;
}

/** Part of its `MetricOptions`. */
export interface InstrumentOptions {
  readonly description: string;
  /** By UCUM. */
  readonly unit: string;
}

/** Part of its `Meter`. */
export interface Meter {
  createObservableGauge(name: string, options: InstrumentOptions): ObservableInstrument;
  createObservableCounter(name: string, options: InstrumentOptions): ObservableInstrument;
}

interface Instrument extends InstrumentOptions {
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  /** A number, or numbers by reason. */
  readonly read: (stats: TelemetryStats) => number | Readonly<Record<string, number>>;
}

const INSTRUMENTS: readonly Instrument[] = [
  {
    kind: 'counter',
    name: 'telemetry.events.accepted',
    description: 'Events for which track() returned true',
    unit: '{event}',
    read: ({ accepted }) => accepted,
  },
  {
    kind: 'counter',
    name: 'telemetry.events.delivered',
    description: 'Events that the server said it has stored',
    unit: '{event}',
    read: ({ delivered }) => delivered,
  },
  {
    kind: 'counter',
    name: 'telemetry.events.dropped',
    description: 'Accepted events that were lost, by reason',
    unit: '{event}',
    read: ({ dropped }) => dropped,
  },
  {
    kind: 'counter',
    name: 'telemetry.events.refused',
    description: 'Events for which track() returned false, by reason',
    unit: '{event}',
    read: ({ refused }) => refused,
  },
  {
    kind: 'gauge',
    name: 'telemetry.queue.events',
    description: 'Events that wait or are in flight',
    unit: '{event}',
    read: ({ pending }) => pending,
  },
  {
    kind: 'gauge',
    name: 'telemetry.queue.size',
    description: 'JSON of the events that wait or are in flight',
    unit: 'By',
    read: ({ bytes }) => bytes,
  },
];

/**
 * Makes observable instruments of `stats()`: the counters `telemetry.events.accepted`, `.delivered`,
 * `.dropped` and `.refused` (the last two with the attribute `reason`, every reason at each
 * collection, 0 too), the gauges `telemetry.queue.events` and `telemetry.queue.size` (bytes).
 *
 * `meter` is that of `@opentelemetry/api`, such as `metrics.getMeter('app')`; this package does not
 * load it. Of several clients, give each a meter with a name of its own: the instruments have no
 * other mark of whose they are.
 *
 * @returns what ends it.
 */
export function observeStats(telemetry: { stats(): TelemetryStats }, meter: Meter): () => void {
  const ends = INSTRUMENTS.map(({ kind, name, read, ...options }) => {
    const create = kind === 'gauge' ? 'createObservableGauge' : 'createObservableCounter';
    const instrument = meter[create](name, options);
    const callback = (observation: Observation): void => {
      const values = read(telemetry.stats());
      if (typeof values === 'number') observation.observe(values);
      else {
        for (const [reason, count] of Object.entries(values))
          observation.observe(count, { reason });
      }
    };
    instrument.addCallback(callback);
    return () => {
      instrument.removeCallback(callback);
    };
  });
  return () => {
    for (const end of ends) end();
  };
}
