import type { EventResult } from '../wire.ts';
import type { Entry } from './books.ts';
import type { ParsedOptions } from './read-options.ts';
import type { Reporter } from './reporter.ts';

/**
 * What a request came to: why not everything was delivered, in case; and if there was an answer, its
 * status, results by event id, and the milliseconds of `Retry-After`, NaN or less
 * than 0 without one to heed.
 */
export type Answer = readonly [
  cause: unknown,
  status?: number,
  results?: Readonly<Record<string, EventResult>> | undefined,
  retryAfter?: number,
];

/** Sends requests. Never rejects and never throws. */
export interface Transport {
  /**
   * `isLeaving`: the request outlives the page. At most 64 KiB of such requests and beacons can be
   * under way in a page.
   */
  request(entries: readonly Entry[], isLeaving: boolean): Promise<Answer>;
  /** Whether the browser has taken the events. Nobody learns what became of them. */
  beacon(entries: readonly Entry[]): boolean;
  /** Ends the requests under way. */
  abort(): void;
}

export function createTransport(options: ParsedOptions, reporter: Reporter): Transport {
  const { endpoint, key, requestTimeout, page } = options;
  // As they are now, before others wrap them.
  const { fetch, navigator } = page;
  const sendBeacon = navigator?.sendBeacon;
  let controller = new AbortController();

  const abort = (): void => {
    controller.abort();
    controller = new AbortController();
  };

  const encode = (entries: readonly Entry[], report: string): string => {
    const sentAt = new Date(page.Date.now()).toISOString();
    const events = entries.map(({ json }) => json).join();
    return `{"sentAt":"${sentAt}","key":${JSON.stringify(key)},${report}"events":[${events}]}`;
  };

  return {
    async request(entries, isLeaving) {
      const timer = page.setTimeout(abort, requestTimeout);
      try {
        const report = reporter.part();
        const response = await fetch(endpoint, {
          method: 'POST',
          // Text and no header of our own: to another origin it needs no preflight, which would cost
          // a round trip, and for which a page that is left has no time.
          body: encode(entries, report),
          keepalive: isLeaving,
          signal: controller.signal,
        });
        const { status } = response;
        // Read whatever the status: Chromium frees its share of the 64 KiB only then.
        const text = await response.text();
        const asked = response.headers.get('retry-after') as string;
        let results: Answer[2];
        try {
          // A 200 without results is a login page or a proxy: it says nothing about the events.
          if (status === 200) ({ results } = JSON.parse(text));
        } catch {}
        if (results) reporter.ack(report);
        return [
          new Error(`status ${status}: ${text.slice(0, 200)}`),
          status,
          results,
          +asked * 1e3 || Date.parse(asked) - page.Date.now(),
        ];
      } catch (cause) {
        return [cause];
      } finally {
        page.clearTimeout(timer as never);
      }
    },
    beacon(entries) {
      try {
        return sendBeacon?.call(navigator, endpoint, encode(entries, reporter.part())) === true;
      } catch {
        return false;
      }
    },
    abort,
  };
}
