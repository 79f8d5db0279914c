// Errors of a browser and of a dependency, told to the same alerts: node sinks.ts
import type { Alerts, RecordedEvent } from '@ops/alerts';
import { ownAlerts } from './own-alerts.ts';

/** What `createIngestHandler` of `@ops/telemetry` is given as `sink`, in short. */
interface EventSink<Event, Outcome> {
  write(events: readonly Event[]): Promise<readonly Outcome[]>;
}

/**
 * A sink that stores events as before, and tells the alerts of those that were stored and are named
 * `error`. An event that is sent again is stored once, but told twice: a sink does not know.
 */
export function withAlerts<
  Event extends { readonly name: string },
  Outcome extends { readonly result: string },
>(alerts: Pick<Alerts, 'record'>, sink: EventSink<Event, Outcome>): EventSink<Event, Outcome> {
  return {
    async write(events) {
      const outcomes = await sink.write(events);
      for (const [at, event] of events.entries()) {
        if (outcomes[at]?.result === 'ok') alerts.record(event);
      }
      return outcomes;
    },
  };
}

if (import.meta.main) {
  const alerts = ownAlerts();
  const stored = withAlerts<RecordedEvent, { readonly result: string }>(alerts, {
    write: async (events) => events.map(() => ({ result: 'ok' })),
  });
  await stored.write([{ name: 'error', props: { message: 'TypeError: x is undefined' } }]);
  // createHealth({ checks, onEvent: alerts.onHealthEvent })
  alerts.onHealthEvent({ type: 'change', check: 'database', to: 'fail', code: 'timeout' });
  await alerts.close();
}
