import pTimeout from 'p-timeout';
import { InvalidOptionsError } from '../errors.ts';

/** What `new Headers` takes. */
export type HeadersSource = NonNullable<ConstructorParameters<typeof Headers>[0]>;

/** Gives headers; `signal` is aborted when nobody waits for them any more. */
export type ProvideHeaders = (context: {
  readonly signal: AbortSignal;
}) => HeadersSource | Promise<HeadersSource>;

/** The headers in use. */
export interface Credentials {
  /** The headers of now, and which renewal they belong to. */
  current(signal: AbortSignal): Promise<{ readonly headers: Headers; readonly generation: number }>;
  /** Whether they can be renewed at all. */
  readonly canRenew: boolean;
  /**
   * Renews the headers, unless that has been done since `generation`. Callers at the same time
   * share one renewal, and one that aborts leaves it to the others.
   */
  renew(generation: number, signal: AbortSignal): Promise<void>;
}

interface Flight {
  readonly result: Promise<void>;
  readonly controller: AbortController;
  waitingCount: number;
}

/** @param refresh gives the headers that take the place of those of the same name. */
export function createCredentials(
  base: HeadersSource | ProvideHeaders | undefined,
  refresh: ProvideHeaders | undefined,
): Credentials {
  let renewed: Headers | undefined;
  let generation = 0;
  let flight: Flight | undefined;

  function begin(provide: ProvideHeaders): Flight {
    const controller = new AbortController();
    const work = async (): Promise<void> => {
      const headers = toHeaders(await provide({ signal: controller.signal }), 'refresh');
      // Nobody waits for one that was given up; a later one may have been quicker.
      if (flight !== begun) return;
      renewed = headers;
      generation += 1;
    };
    const result = work().finally(() => {
      if (flight === begun) flight = undefined;
    });
    const begun: Flight = { result, controller, waitingCount: 0 };
    return begun;
  }

  return {
    canRenew: refresh !== undefined,
    async current(signal) {
      // Taken before the headers: a renewal that ends in between makes these the older ones.
      const current = generation;
      const headers = toHeaders(
        typeof base === 'function' ? await untilAborted(base({ signal }), signal) : base,
        'headers',
      );
      for (const [name, value] of renewed ?? []) headers.set(name, value);
      return { headers, generation: current };
    },
    async renew(since, signal) {
      if (refresh === undefined || generation !== since) return;
      flight ??= begin(refresh);
      const mine = flight;
      mine.waitingCount += 1;
      try {
        await untilAborted(mine.result, signal);
      } finally {
        mine.waitingCount -= 1;
        if (mine.waitingCount === 0 && flight === mine) {
          flight = undefined; // whoever comes next begins anew
          mine.controller.abort(signal.reason);
        }
      }
    },
  };
}

/** @throws InvalidOptionsError without the cause, whose message quotes the value: a token, as a rule. */
export function toHeaders(source: HeadersSource | undefined, option: string): Headers {
  try {
    return new Headers(source);
  } catch {
    throw new InvalidOptionsError(
      `createGraphQL: ${option}: expected what new Headers() takes, or a function that gives it`,
    );
  }
}

async function untilAborted<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return pTimeout(Promise.resolve(work), { milliseconds: Number.POSITIVE_INFINITY, signal });
}
