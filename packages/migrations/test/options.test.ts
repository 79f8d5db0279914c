import { describe, expect, test } from 'vitest';
import { createMigrator, directory, InvalidOptionsError } from '../src/index.ts';
import { type MigratorOptions, parseOptions } from '../src/options.ts';

const good: MigratorOptions = {
  connection: 'postgres://u:secret@h/d',
  sources: [directory('migrations')],
};

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

  test('names every wrong key, the value and what was expected', () => {
    expect(
      messageOf({
        connection: 'postgres://u:secret@h/d',
        sources: [],
        history: { schema: '' },
        lock: { wait: '10 minutes', waitt: 1 },
        timeouts: { lock: 0 },
        retry: { attempts: 0.5, backoff: ['1s'] },
        onEvnt: () => {},
        random: 4,
      }),
    ).toBe(
      [
        'createMigrator: sources: expected at least one source, got an array of 0',
        "history.schema: expected a schema name of 1 to 63 bytes, got ''",
        "lock.wait: expected a duration ('250ms', '5s', '90d', or milliseconds) of 0 ms or more, got '10 minutes'",
        'lock.waitt: there is no such option, expected one of wait, got 1',
        "timeouts.lock: expected a duration ('250ms', '5s', '90d', or milliseconds) of 1 ms or more and at most 24 days, got 0",
        'retry.attempts: expected a whole number, got 0.5',
        'retry.backoff: expected [first, longest], got an array of 1',
        'random: expected a function, got 4',
        'onEvnt: there is no such option, expected one of connection, sources, history, lock, timeouts, retry, onEvent, clock, random, got a function',
      ].join('; '),
    );
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
    expect(messageOf(undefined)).toContain('options: ');
  });
});
