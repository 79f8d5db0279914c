import { type Duration, systemClock } from '@ops/timeout';
import { describe, expect, test } from 'vitest';
import { createMigrator, directory, InvalidOptionsError, pack } from '../src/index.ts';
import { type MigratorOptions, parseOptions } from '../src/options.ts';

const good: MigratorOptions = {
  connection: 'postgres://u:secret@h/d',
  sources: [directory('migrations')],
};

/** All keys, at every depth, so that a new option has to be added here. */
type Every<T> = {
  readonly [K in keyof T]-?: NonNullable<T[K]> extends Duration | readonly unknown[] | AnyFunction
    ? NonNullable<T[K]>
    : K extends 'history' | 'lock' | 'timeouts' | 'retry'
      ? Every<NonNullable<T[K]>>
      : NonNullable<T[K]>;
};
type AnyFunction = (...args: never[]) => unknown;

function messageOf(options: unknown): string {
  try {
    createMigrator(options as MigratorOptions);
  } catch (error) {
    if (error instanceof InvalidOptionsError && error.code === 'ERR_OPS_INVALID_OPTIONS') {
      return error.message;
    }
    throw error;
  }
  throw new Error('the options were taken');
}

describe('parseOptions', () => {
  test('fills in the defaults that the descriptions state', () => {
    expect(parseOptions(good)).toMatchObject({
      schema: 'ops',
      lockWaitMs: 600_000,
      lockTimeoutMs: 2_000,
      connectTimeoutMs: 10_000,
      attempts: 30,
      backoffMs: [250, 30_000],
    });
  });

  test('takes undefined for every option that may be left out', () => {
    const nothing = {
      history: undefined,
      lock: { wait: undefined },
      timeouts: { lock: undefined, connect: undefined },
      retry: { attempts: undefined, backoff: undefined },
      onEvent: undefined,
      clock: undefined,
      random: undefined,
    };
    expect(parseOptions({ ...good, ...nothing })).toEqual(parseOptions(good));
  });

  test('reads every option that there is', () => {
    const every: Every<MigratorOptions> = {
      connection: 'postgres://h/d',
      sources: good.sources,
      history: { schema: 'history' },
      lock: { wait: 1 },
      timeouts: { lock: 2, connect: 3 },
      retry: { attempts: 4, backoff: [5, 6] },
      onEvent: () => {},
      clock: systemClock,
      random: () => 0.5,
    };
    expect(parseOptions(every)).toEqual({
      connection: every.connection,
      sources: every.sources,
      schema: 'history',
      lockWaitMs: 1,
      lockTimeoutMs: 2,
      connectTimeoutMs: 3,
      attempts: 4,
      backoffMs: [5, 6],
      onEvent: every.onEvent,
      clock: every.clock,
      random: every.random,
    });
  });

  test('names every wrong key, the value and what was expected', () => {
    expect(
      messageOf({
        connection: 'postgres://u:secret@h/d',
        sources: [],
        history: { schema: '' },
        lock: { wait: '10 minutes', waitt: 1 },
        timeouts: { lock: 0, connect: '25d' },
        retry: { attempts: 0.5, backoff: ['1s'] },
        onEvnt: () => {},
        random: 4,
      }).split('; '),
    ).toEqual([
      'createMigrator: timeouts.lock: expected at least 1 ms, got 0',
      'sources: expected an array with at least one directory(…) or pack(…), got an object',
      'history.schema: expected a schema name of 1 to 63 bytes, got another string',
      "lock.wait: expected milliseconds from 0 or '250ms', '30s', '5m', '24h', '90d', got '10 minutes'",
      'timeouts.connect: expected at most 24 days',
      'retry.attempts: expected a whole number of 1 or more, got 0.5',
      'retry.backoff: expected two durations, [first, longest], got an object',
      'random: expected a function, got 4',
      expect.stringMatching(/^onEvnt: no such option \(there are .*history.*\)$/),
      'lock.waitt: no such option (there are wait)',
    ]);
  });

  test('refuses two packs of one name', () => {
    const migrations = [{ version: '1', name: 'a', sql: 'select 1' }];
    const sources = [pack({ name: 'p', migrations }), pack({ name: 'p', migrations })];
    expect(messageOf({ ...good, sources })).toContain('sources: two packs have the name p');
  });

  test('never shows a connection string', () => {
    for (const connection of ['mysql://u:secret@h/d', 'postgres://u:secret@h:x/d', 'secret']) {
      const message = messageOf({ ...good, connection });
      expect(message).toContain('connection: expected a postgres:// URL');
      expect(message).not.toContain('secret');
    }
  });

  test('says what to look at when an environment variable is not set', () => {
    expect(messageOf({ ...good, connection: undefined })).toContain(
      'is the environment variable set?',
    );
    expect(messageOf(undefined)).toContain('expected an options object, got undefined');
  });
});
