import type { ConsentState } from '../client/telemetry.ts';
import type {
  BrowserBatchOptions,
  BrowserQueueOptions,
  BrowserRetryOptions,
  BrowserTelemetryOptions,
} from './options.ts';
import type { Page } from './page.ts';
import type { BrowserDropNotice } from './reporter.ts';

/** Defaults filled in, durations in milliseconds. */
export interface ParsedOptions extends BrowserTelemetryOptions {
  readonly page: Page;
  readonly consent: ConsentState;
  readonly onDrop: (notice: BrowserDropNotice) => void | Promise<void>;
  readonly requestTimeout: number;
  readonly queue: Readonly<Record<keyof BrowserQueueOptions, number>>;
  readonly batch: Readonly<Record<keyof BrowserBatchOptions, number>>;
  readonly retry: Readonly<Record<keyof BrowserRetryOptions, number>>;
}

const DURATION = /^([\d.]+)(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };

/** @throws TypeError without an endpoint or key: there is nothing that could be sent. */
export function readOptions(options: BrowserTelemetryOptions): ParsedOptions {
  const {
    endpoint,
    key,
    consent = 'granted',
    // oxlint-disable-next-line no-unused-vars -- what was tracked has no place in a console
    onDrop = ({ events: _, ...loss }) => console.warn('telemetry: lost', loss),
    page = globalThis as Page,
  } = options;
  if (!endpoint || !key) throw new TypeError('telemetry: bad endpoint/key');
  return {
    ...options,
    consent,
    onDrop,
    page,
    requestTimeout: numberFrom(options.requestTimeout, 1e4),
    queue: numbersFrom(options.queue, { maxEvents: 1e4, maxBytes: 5e6, maxEventBytes: 32_768 }),
    batch: numbersFrom(options.batch, { maxEvents: 20, maxBytes: 1e6, interval: 3e3 }),
    retry: numbersFrom(options.retry, {
      initialDelay: 500,
      maxDelay: 6e4,
      budget: 9e5,
      maxRetryAfter: 3e5,
    }),
  };
}

/**
 * A number, or a duration in milliseconds; `fallback` for what is neither, or too long for a timer.
 */
export function numberFrom(value: unknown, fallback: number): number {
  const [, amount, unit = ''] = DURATION.exec(value as string) ?? [];
  const number = amount ? +amount * (UNIT_MS[unit] as number) : value;
  if (typeof number === 'number' && number >= 0 && number < 2e9) return number;
  if (value !== undefined) console.warn('telemetry: bad option', value);
  return fallback;
}

function numbersFrom<K extends string>(
  given: Partial<Record<K, unknown>> | undefined,
  defaults: Record<K, number>,
): Record<K, number> {
  // Own keys alone: a page may have added to `Object.prototype`.
  for (const key of Object.keys(defaults) as K[])
    defaults[key] = numberFrom(given?.[key], defaults[key]);
  return defaults;
}
