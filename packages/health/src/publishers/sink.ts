import type { Duration } from '@ops/timeout';
import { callable, durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { Publisher } from './publisher.ts';

/** Options of {@link sink}. */
export interface SinkOptions {
  /** @default 'sink' */
  readonly name?: string | undefined;
  /** @default '5s' */
  readonly timeout?: Duration | undefined;
}

/** Exported for the test that holds it equal to {@link SinkOptions}. */
export const sinkSchema: z.ZodObject<
  {
    name: z.ZodOptional<z.ZodString>;
    timeout: z.ZodOptional<z.ZodType<number, Duration>>;
  },
  z.core.$strict
> = z.strictObject({
  name: z.string().optional(),
  timeout: durationMs({ isMinExcluded: true }).optional(),
} satisfies Shape<SinkOptions>);

/**
 * A publisher that calls a function, as one that tells `@ops/alerts`. Unlike `onEvent` it may take
 * its time: the next event waits for it.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function sink(tell: Publisher['publish'], options: SinkOptions = {}): Publisher {
  parseOptions(callable<Publisher['publish']>(), tell, { of: 'sink' });
  const { name = 'sink', timeout } = parseOptions(sinkSchema, options, { of: 'sink' });
  return { name, timeout, publish: tell };
}
