import type { ConsentState, FlushOptions } from '../client/telemetry.ts';
import type { EventDefinitions } from '../events.ts';
import { createBooks, type Entry, HANDED } from './books.ts';
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
 * keepalive requests share, and the rest to `store`. It listens to `visibilitychange`, `pagehide`,
 * `pageshow` and `online`, never to `unload`, which would keep the page out of the back/forward cache.
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
  /** The `pagehide` by which the page was left, until it is shown again. */
  let leaving: PageEvent | undefined;

  const giveUp = (left: Iterable<Entry>, reason: BrowserDropReason): void =>
    books.settle(left, books.consent === 'granted' ? reason : 'no_consent');

  const depart = (): void => {
    const isGranted = books.consent === 'granted';
    if (isGranted) {
      handOver();
      store?.keep(byPlace(books));
    }
    if (!leaving || leaving.persisted) return;
    const left = byPlace(books).filter(({ place, isKept }) => place !== HANDED && !isKept);
    // May still get through, since a page goes when the next one has begun to arrive.
    if (isGranted && left[0]) void transport.request(left, false);
    giveUp(left, 'unload');
    reporter.tell(true);
  };

  const onPageEvent = (event: PageEvent): void => {
    if (event.type === 'pagehide') leaving = event;
    else if (event.type !== 'visibilitychange' || page.document?.visibilityState !== 'hidden') {
      leaving = undefined;
      return delivery.resume();
    }
    depart();
  };
  for (const type of ['visibilitychange', 'pagehide', 'pageshow', 'online'])
    page.addEventListener?.(type, onPageEvent, { signal: listening.signal });

  void store?.claim().then((left) => {
    if (books.consent === 'denied') store.forget(left);
    else if (!books.isClosed) left.forEach(books.add);
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
    try {
      await delivery.drain(numberFrom(wait?.timeout, defaultMs), wait?.signal);
    } catch {} // a signal that is none
    after?.();
    const { delivered, dropped, pending } = stats();
    const since: Record<BrowserDropReason, number> = dropped;
    for (const reason of Object.keys(since) as BrowserDropReason[])
      since[reason] -= before.dropped[reason];
    return { delivered: delivered - before.delivered, dropped, pending };
  };

  return {
    // No timer runs any more in a page that is left.
    ...createIntake<E>(parsed, books, () => (leaving ? depart() : delivery.plan())),
    stats,
    consent(state: ConsentState) {
      books.consent = state;
      if (state === 'denied') {
        giveUp(books.pending, 'no_consent');
        transport.abort();
      }
      delivery.plan();
    },
    flush: (wait) => report(wait, 3e4),
    shutdown(wait) {
      books.isClosed = true;
      return (ending ??= report(wait, 5e3, () => {
        listening.abort();
        giveUp(books.pending, 'shutdown');
        transport.abort();
        delivery.plan();
        reporter.tell(true);
      }));
    },
  };
}
