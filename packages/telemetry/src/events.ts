import { InvalidOptionsError } from '@ops/timeout';
import type { StandardSchema } from './standard-schema.ts';

/** Event names with the schema of their properties. */
export type EventDefinitions = Readonly<Record<string, StandardSchema>>;

/** The names in a set of definitions. */
export type EventName<E extends EventDefinitions> = Extract<keyof E, string>;

/** What `track` takes as properties of event `N`: the input side of its schema. */
export type EventProps<E extends EventDefinitions, N extends EventName<E>> =
  E[N] extends StandardSchema<infer Input, infer _Output> ? Input : never;

/** The longest event name, in UTF-16 units. Names end up in an index and in every log line. */
const MAX_NAME_LENGTH = 200;

/**
 * Declares the events of an application, once, for both ends: the client takes only the type
 * (`createTelemetry<typeof events>`) and validates nothing, the ingest handler validates with it.
 *
 * Returns a frozen copy.
 *
 * @throws InvalidOptionsError when a name is empty or longer than 200, or a value is no schema.
 */
export function defineEvents<const E extends EventDefinitions>(events: E): E {
  const faults: string[] = [];
  if (typeof events !== 'object' || events === null) faults.push('expected an object of schemas');
  for (const [name, schema] of Object.entries(events ?? {})) {
    if (name.length === 0 || name.length > MAX_NAME_LENGTH) {
      faults.push(`'${name.slice(0, 40)}': expected a name of 1 to ${MAX_NAME_LENGTH} characters`);
    }
    if (!isSchema(schema)) {
      faults.push(
        `${name.slice(0, 40)}: expected a schema with '~standard' (zod 4, valibot, arktype)`,
      );
    }
  }
  if (faults.length > 0) throw new InvalidOptionsError(`defineEvents: ${faults.join('; ')}`);
  return Object.freeze({ ...events });
}

/** A schema may be a function (arktype's are). */
export function isSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = Reflect.get(value, '~standard');
  if (typeof standard !== 'object' || standard === null) return false;
  return typeof Reflect.get(standard, 'validate') === 'function';
}
