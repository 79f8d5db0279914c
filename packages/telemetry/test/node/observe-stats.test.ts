import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { createTelemetry, observeStats } from '../../src/node/index.ts';
import { collector, status } from '../collector.ts';
import { manualClock } from '../manual-clock.ts';

/** A meter of the SDK, and what it has collected: each value by instrument, reason and unit. */
function sdk() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const collect = async (): Promise<Record<string, number>> => {
    exporter.reset();
    await reader.forceFlush();
    const metrics = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return Object.fromEntries(
      metrics.flatMap(({ descriptor: { name, unit }, dataPoints }) =>
        (dataPoints as DataPoint<number>[]).map(({ attributes, value }) => [
          [name, attributes['reason'], unit].filter(Boolean).join(' '),
          value,
        ]),
      ),
    );
  };
  return { meter: provider.getMeter('test'), collect, provider };
}

it('tells the OpenTelemetry SDK what stats() says, at each collection', async () => {
  const { meter, collect, provider } = sdk();
  const clock = manualClock();
  const server = collector();
  const telemetry = createTelemetry({
    endpoint: 'http://127.0.0.1:9/',
    key: 'k',
    clock,
    fetch: server.fetch,
    logger: { warn: () => {} },
    queue: { maxEvents: 3 },
    batch: { maxEvents: 2 },
  });
  const end = observeStats(telemetry, meter);
  server.script(status(400));
  for (let n = 0; n < 4; n += 1) telemetry.track('ping', { n });
  telemetry.track('ping', Symbol('x'));
  const before = await collect();
  expect(before).toMatchObject({
    'telemetry.events.accepted {event}': 4,
    'telemetry.events.delivered {event}': 0,
    'telemetry.events.dropped queue_overflow {event}': 1,
    'telemetry.events.dropped rejected {event}': 0,
    'telemetry.events.refused unserializable {event}': 1,
    'telemetry.queue.events {event}': 3,
    'telemetry.queue.size By': telemetry.stats().bytes,
  });
  await clock.advance(5_000);
  const after = await collect();
  expect(after).toMatchObject({
    'telemetry.events.delivered {event}': 1,
    'telemetry.events.dropped rejected {event}': 2,
    'telemetry.queue.events {event}': 0,
    'telemetry.queue.size By': 0,
  });
  end();
  telemetry.track('ping', { n: 9 });
  expect(await collect()).not.toMatchObject({ 'telemetry.events.accepted {event}': 5 });
  await provider.shutdown();
});
