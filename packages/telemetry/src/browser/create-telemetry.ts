import type { ConsentState, FlushOptions } from '../client/telemetry.ts';
import type { EventDefinitions } from '../events.ts';
import { createBooks, HANDED } from './books.ts';
import { createDelivery } from './delivery.ts';
import { byPlace, createHandOver } from './departure.ts';
import type { BrowserDropReason } from './drop-reason.ts';
import { createIntake } from './intake.ts';
import type { BrowserTelemetryOptions } from './options.ts';
import type { PageEvent } from './page.ts';
import { numberFrom, readOptions } from './read-options.ts';
import { createReporter } from './reporter.ts';
import type { BrowserReport, BrowserStats, BrowserTelemetry } from './telemetry.ts';
import { createTransport } from './transport.ts';

/**
 * A client for a page: gathers events in memory and delivers them to an ingest handler, in order, one
 * request at a time. Every accepted event ends as delivered or as dropped for a reason, and
 * `stats()` adds up at every moment.
 *
 * When the page is hidden or left it hands over what is pending, within the 64 KiB that beacons and
 * keepalive requests share, and the rest to `store`. It listens to `visibilitychange`, `pagehide`
 * and `online`, never to `unload`, which would keep the page out of the back/forward cache.
 *
 * @throws TypeError without an endpoint or key; another wrong option is replaced by its default.
 */
export function createTelemetry<E extends EventDefinitions>(
  options: BrowserTelemetryOptions,
): BrowserTelemetry<E> {
  const parsed = readOptions(options);
  const { page, store } = parsed;
  const reporter = createReporter(parsed);
  const books = createBooks(parsed, reporter);
  const transport = createTransport(parsed, reporter);
  const delivery = createDelivery(parsed, books, transport);
  const handOver = createHandOver(books, transport, delivery);
  const listening = new AbortController();
  let ending: Promise<BrowserReport> | undefined;

  for (const type of ['visibilitychange', 'pagehide', 'online']) {
    const onEvent = ({ persisted }: PageEvent): void => {
      const isLeft = type === 'pagehide';
      if (!isLeft && page.document?.visibilityState !== 'hidden') return delivery.resume();
      if (books.consent === 'granted') {
        handOver();
        store?.keep(byPlace(books));
      }
      if (!isLeft || persisted) return;
      const left = [...books.pending].filter(({ place }) => place !== HANDED);
      // May still get through, since a page goes when the next one has begun to arrive.
      if (left[0] && books.consent === 'granted') void transport.request(left, false);
      books.settle(left, 'unload');
      reporter.tell();
    };
    page.addEventListener?.(type, onEvent, { signal: listening.signal });
  }
  void store?.claim().then((left) => {
    if (!books.isClosed && books.consent !== 'denied') left.forEach(books.add);
    return delivery.plan();
  });

  const stats = (): BrowserStats => ({
    ...structuredClone(books.counts),
    pending: books.pending.size,
  });

  const report = async (
    wait: FlushOptions | undefined,
    defaultMs: number,
    after?: () => void,
  ): Promise<BrowserReport> => {
    const before = stats();
    delivery.resume();
    await delivery.drain(numberFrom(wait?.timeout, defaultMs), wait?.signal);
    after?.();
    const { delivered, dropped, pending } = stats();
    const since: Record<BrowserDropReason, number> = dropped;
    for (const reason in since) {
      since[reason as BrowserDropReason] -= before.dropped[reason as BrowserDropReason];
    }
    return { delivered: delivered - before.delivered, dropped, pending };
  };

  return {
    ...createIntake<E>(parsed, books, delivery.plan),
    stats,
    consent(state: ConsentState) {
      books.consent = state;
      if (state === 'denied') books.settle(books.pending, 'no_consent');
      delivery.plan();
    },
    flush: (wait) => report(wait, 3e4),
    shutdown(wait) {
      books.isClosed = true;
      return (ending ??= report(wait, 5e3, () => {
        listening.abort();
        books.settle(books.pending, books.consent === 'granted' ? 'shutdown' : 'no_consent');
        transport.abort();
        delivery.plan();
        reporter.tell(true);
      }));
    },
  };
}
