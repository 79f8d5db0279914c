import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { InvalidOptionsError } from '../../src/index.ts';
import {
  callable,
  durationMs,
  type OptionsOf,
  parseOptions,
  positiveInteger,
  SAYS_ITSELF,
  withMethods,
} from '../../src/options/index.ts';

const schema = z.strictObject({
  endpoint: z.string().optional(),
  pace: z
    .strictObject({ targetMs: z.number().default(50), batch: positiveInteger.default(1) })
    .prefault({}),
  rules: z
    .record(
      z.string().regex(/^[a-z]+$/, 'expected a name of letters'),
      z.strictObject({ over: z.number() }),
    )
    .optional(),
  sinks: z.array(z.strictObject({ to: z.string() })).optional(),
  every: durationMs({ isMinExcluded: true }).optional(),
  onEvent: callable<() => void>().optional(),
  pool: withMethods<{ query(): void }>('query').optional(),
});

/** The faults in the message, which is checked to be that of an InvalidOptionsError. */
function faultsOf(input: unknown, secretKeys: string[] = []): string[] {
  let thrown: unknown;
  try {
    parseOptions(schema, input, { of: 'createThing', secretKeys });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidOptionsError);
  const { message, cause } = thrown as InvalidOptionsError;
  expect(cause).toBeInstanceOf(z.ZodError);
  expect(message).toMatch(/^createThing: /);
  return message.slice('createThing: '.length).split('; ');
}

describe('parseOptions', () => {
  it('gives what the schema makes of good options', () => {
    expect(parseOptions(schema, { every: '2s' }, { of: 'createThing' })).toEqual({
      pace: { targetMs: 50, batch: 1 },
      every: 2_000,
    });
  });

  it('names every fault at once: path, what was expected, what came', () => {
    expect(
      faultsOf({
        endpont: 'http://x',
        pace: { targetMs: 'fast', batch: 0, size: 3 },
        every: '0s',
        onEvent: 'log',
        pool: {},
      }),
    ).toEqual([
      "pace.targetMs: expected number, got 'fast'",
      'pace.batch: expected a whole number of 1 or more, got 0',
      'pace.size: there is no such option, expected one of targetMs, batch, got 3',
      "every: expected a duration ('250ms', '5s', '90d', or milliseconds) of more than 0 ms and at most 24 days, got '0s'",
      "onEvent: expected a function, got 'log'",
      'pool: expected an object with query(), got an object',
      "endpont: there is no such option, expected one of endpoint, pace, rules, sinks, every, onEvent, pool, got 'http://x'",
    ]);
  });

  it('finds the known options in records and arrays too', () => {
    expect(
      faultsOf({ rules: { spike: { over: 1, ovr: 2 } }, sinks: [{ to: 'a', too: null }] }),
    ).toEqual([
      'rules.spike.ovr: there is no such option, expected one of over, got 2',
      'sinks.0.too: there is no such option, expected one of to, got null',
    ]);
    expect(faultsOf({ rules: { 'A b': { over: 1 } } })).toEqual([
      'rules.A b: expected a name of letters',
    ]);
  });

  it('never shows a secret, nor what an object holds', () => {
    const text = faultsOf(
      { endpont: 's3cret', pace: { targetMs: { password: 's3cret' } }, endpoint: ['s3cret'] },
      ['endpont'],
    ).join();
    expect(text).not.toContain('s3cret');
    expect(text).toContain('got another string');
  });

  it('can hide every value, and redacts what it quotes', () => {
    const parse = (options: Omit<OptionsOf, 'of'>) => (): unknown =>
      parseOptions(schema, { endpont: 'key=s3cret', every: 'soon' }, { of: 'x', ...options });
    expect(parse({ secretKeys: 'all' })).toThrow(
      /every: .*, got another string; endpont: .*, got another string$/,
    );
    expect(parse({ redact: (text) => text.replace('s3cret', '…') })).toThrow(/got 'key=…'$/);
  });

  it('does not say what came where the message does', () => {
    const picky = z.string().superRefine((value, context) => {
      context.addIssue({ code: 'custom', message: `'${value}' is taken`, params: SAYS_ITSELF });
    });
    expect(() => parseOptions(z.strictObject({ name: picky }), { name: 'a' }, { of: 'x' })).toThrow(
      /^x: name: 'a' is taken$/,
    );
  });

  it.each([undefined, null, 5, 'text', []])('refuses %s as options', (input) => {
    expect(faultsOf(input)[0]).toMatch(/^options: expected object, got /);
  });

  it('adds faults between options, also to options that are wrong otherwise', () => {
    const further = (): [{ path: string[]; message: string }] => [
      { path: ['pace'], message: 'clears never' },
    ];
    expect(() => parseOptions(schema, {}, { of: 'createThing', further })).toThrow(
      'createThing: pace: clears never',
    );
    expect(() => parseOptions(schema, { every: -1 }, { of: 'createThing', further })).toThrow(
      /^createThing: every: .*; pace: clears never$/,
    );
  });
});

describe('durationMs', () => {
  it.each([
    [{}, '24d', 2_073_600_000],
    [{ minMs: 10 }, 10, 10],
    [{ maxMs: Number.MAX_SAFE_INTEGER }, '90d', 7_776_000_000],
  ] as const)('within %j takes %s', (limits, duration, ms) => {
    expect(durationMs(limits).parse(duration)).toBe(ms);
  });

  it.each([
    [{}, '25d'],
    [{ minMs: 10 }, 9],
    [{ minMs: 10, isMinExcluded: true }, 10],
    [{}, 'soon'],
    [{}, {}],
  ] as const)('within %j refuses %j', (limits, duration) => {
    expect(durationMs(limits).safeParse(duration).success).toBe(false);
  });
});
