import { describe, expect, test } from 'vitest';
import { type CleanupClient, inTransaction, isServerError } from '../src/database.ts';
import { createManualClock } from './manual-clock.ts';

const LIMITS = { lockTimeoutMs: 100, statementTimeoutMs: 5_000, access: 'read only' } as const;

/** A client that answers each statement with what `answer` returns, and records its release. */
function fakeClient(answer: (text: string) => Promise<unknown>) {
  const released: unknown[] = [];
  const client: CleanupClient = {
    query: async (text) => {
      await answer(text);
      return { rows: [] };
    },
    release: (destroy) => {
      released.push(destroy);
    },
  };
  return { client, released };
}

const serverError = Object.assign(new Error('no'), { code: '23503', severity: 'ERROR' });

describe('inTransaction', () => {
  test('closes a connection that stops answering, and reports it', async () => {
    const clock = createManualClock();
    const { client, released } = fakeClient((text) =>
      text.startsWith('begin') ? Promise.resolve() : new Promise(() => {}),
    );
    const database = { pool: { connect: async () => client }, clock, signal: undefined };
    const running = inTransaction(database, LIMITS, (query) => {
      queueMicrotask(() => queueMicrotask(() => clock.fireNext(Infinity)));
      return query('select 1');
    });
    await expect(running).rejects.toMatchObject({ code: 'ERR_OPS_TIMEOUT', timeoutMs: 15_000 });
    expect(released).toEqual([true]);
    expect(clock.timerCount).toBe(0);
  });

  test('gives back a connection after an error of the server, closes it after any other', async () => {
    for (const [error, destroy] of [
      [serverError, false],
      [new Error('socket'), true],
      [Object.assign(new Error('pipe'), { code: 'EPIPE' }), true],
      [Object.assign(new Error('gone'), { code: '57P01', severity: 'FATAL' }), true],
    ] as const) {
      const { client, released } = fakeClient(async () => {});
      const database = {
        pool: { connect: async () => client },
        clock: createManualClock(),
        signal: undefined,
      };
      const failing = inTransaction(database, LIMITS, () => Promise.reject(error));
      await expect(failing).rejects.toBe(error);
      expect(released).toEqual([destroy]);
    }
  });

  test('closes a connection that cannot roll back', async () => {
    const { client, released } = fakeClient((text) =>
      text === 'rollback' ? Promise.reject(new Error('socket')) : Promise.resolve(),
    );
    const database = {
      pool: { connect: async () => client },
      clock: createManualClock(),
      signal: undefined,
    };
    await expect(inTransaction(database, LIMITS, () => Promise.reject(serverError))).rejects.toBe(
      serverError,
    );
    expect(released).toEqual([true]);
  });

  test('gives up waiting for a connection, and gives back one that comes late', async () => {
    const clock = createManualClock();
    const { client, released } = fakeClient(async () => {});
    let arrive: (client: CleanupClient) => void = () => {};
    const connect = () =>
      new Promise<CleanupClient>((resolve) => {
        arrive = resolve;
      });
    const waiting = inTransaction(
      { pool: { connect }, clock, signal: undefined },
      LIMITS,
      async () => {},
    );
    expect(clock.fireNext(Infinity)).toBe(30_000);
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_OPS_TIMEOUT' });
    arrive(client);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(released).toEqual([undefined]);
  });
});

test('isServerError', () => {
  expect(isServerError(serverError)).toBe(true);
  expect(isServerError(undefined)).toBe(false);
  expect(isServerError('23503')).toBe(false);
});
