import type { Duration } from '@ops/timeout';
import { callable, durationMs, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { Publisher } from './publisher.ts';

const DEFAULT_TIMEOUT_MS = 5_000;

/** One publisher with every default filled in. */
export interface PublisherSettings {
  readonly name: string;
  readonly timeoutMs: number;
  /** Calls it as it was given, so that a `publish` that uses `this` finds it. */
  readonly publish: Publisher['publish'];
}

const shape: {
  name: z.ZodString;
  timeout: z.ZodOptional<z.ZodType<number, Duration>>;
  publish: z.ZodType<Publisher['publish'], Publisher['publish']>;
} = {
  name: z.string().regex(/^[^\p{C}]{1,64}$/u, { error: 'expected 1 to 64 characters' }),
  timeout: durationMs({ isMinExcluded: true, maxMs: 3_600_000 }).optional(),
  publish: callable<Publisher['publish']>(),
} satisfies Shape<Publisher>;

/** Loose: a publisher may be an object with more to it. */
export const publisher: z.ZodObject<typeof shape, z.core.$loose> = z.looseObject(shape, {
  error: 'expected a publisher, as webhook() and sink() make it',
});

export function publisherSettings(
  { name, timeout = DEFAULT_TIMEOUT_MS }: z.output<typeof publisher>,
  given: Publisher,
): PublisherSettings {
  return { name, timeoutMs: timeout, publish: (event, context) => given.publish(event, context) };
}
