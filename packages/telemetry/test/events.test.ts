import { expect, it } from 'vitest';
import * as z from 'zod';
import { defineEvents, InvalidOptionsError } from '../src/index.ts';

it('returns a frozen copy of the schemas', () => {
  const message = z.object({ message: z.string() });
  const given = { error: message };
  const events = defineEvents(given);
  expect(events.error).toBe(message);
  expect(events).not.toBe(given);
  expect(Object.isFrozen(events)).toBe(true);
});

it('takes any Standard Schema, a function too', () => {
  const schema = Object.assign(() => {}, {
    '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
  });
  expect(defineEvents({ a: schema }).a).toBe(schema);
});

it('names every wrong entry', () => {
  const define = (): unknown =>
    // @ts-expect-error: not schemas
    defineEvents({ good: z.object({}), bad: 'string', '': z.string(), worse: null });
  expect(define).toThrow(InvalidOptionsError);
  expect(define).toThrow(/bad: .*worse: /);
  expect(define).toThrow(/'': expected a name of 1 to 200/);
  // @ts-expect-error: not an object
  expect(() => defineEvents(undefined)).toThrow(/expected an object/);
});
