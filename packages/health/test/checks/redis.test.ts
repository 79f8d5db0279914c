import { describe, expect, test, vi } from 'vitest';
import { type RedisClient, redis } from '../../src/checks/index.ts';
import { createHealth } from '../../src/index.ts';
import { deferred, manualClock } from '../manual-clock.ts';
import { stateOf } from './state-of.ts';

const answering = (answer: unknown) => ({ ping: () => Promise.resolve(answer) });
const failing = (thrown: unknown) => ({
  ping: async () => {
    throw thrown;
  },
});
const named = (name: string, message = 'redis://u:canary@h/') =>
  Object.assign(new Error(message), { name });

describe('the answer', () => {
  test.each([
    ['PONG', 'ok'],
    [Buffer.from('PONG'), 'ok'],
    ['pong', 'bad_response'],
    [undefined, 'bad_response'],
    [true, 'bad_response'],
  ])('%s: %s', async (answer, code) => {
    expect((await stateOf(redis(answering(answer)))).code).toBe(code);
  });

  test.each([
    ['NOAUTH Authentication required.', 'auth', 'PING failed: NOAUTH'],
    ['WRONGPASS invalid username-password pair', 'auth', 'PING failed: WRONGPASS'],
    ['NOPERM this user has no permissions', 'insufficient_privilege', 'PING failed: NOPERM'],
    ['LOADING Redis is loading the dataset in memory', 'bad_response', 'PING failed: LOADING'],
    ['MASTERDOWN Link with MASTER is down', 'bad_response', 'PING failed: MASTERDOWN'],
    ['ERR max number of clients reached', 'saturated', 'PING failed: no connection left'],
    ['Connection is closed.', 'refused', 'PING failed: ReplyError'],
    ['canary', 'error', 'PING failed: ReplyError'],
  ])('%s: %s', async (message, code, told) => {
    const state = await stateOf(redis(failing(named('ReplyError', message))));
    expect(state).toMatchObject({ status: 'fail', code, message: told });
  });

  test.each([
    [named('MaxRetriesPerRequestError'), 'refused'],
    [named('ConnectionTimeoutError'), 'timeout'],
    [new (class SocketClosedUnexpectedlyError extends Error {})('canary'), 'refused'],
    [new (class ClientOfflineError extends Error {})('canary'), 'refused'],
    [Object.assign(new Error('canary'), { code: 'ECONNRESET' }), 'refused'],
    [Object.assign(new Error('canary'), { code: 'ENOTFOUND' }), 'dns'],
    ['canary', 'error'],
    [undefined, 'error'],
  ])('%s: %s', async (error, code) => {
    const state = await stateOf(redis(failing(error)));
    expect(state).toMatchObject({ status: 'fail', code });
    expect(state.message).not.toContain('canary');
  });
});

describe('a client that is not connected is not asked', () => {
  test.each<[string, Omit<RedisClient, 'ping'>, string]>([
    ['ioredis', { status: 'reconnecting' }, 'the client is not connected: reconnecting'],
    ['ioredis, given up', { status: 'end' }, 'the client is not connected: end'],
    ['node-redis', { isReady: false }, 'the client is not connected'],
    [
      'with a status that is no word',
      { status: 'redis://u:canary@h' },
      'the client is not connected',
    ],
  ])('%s', async (_, flags, message) => {
    const ping = vi.fn(() => new Promise(() => {}));
    expect(await stateOf(redis({ ...flags, ping }))).toMatchObject({ code: 'refused', message });
    expect(ping).not.toHaveBeenCalled();
  });

  test.each([{ status: 'ready' }, { status: 'wait' }, { isReady: true }])(
    '%o is',
    async (flags) => {
      expect((await stateOf(redis({ ...flags, ...answering('PONG') }))).code).toBe('ok');
    },
  );
});

test('a PING that hangs is not joined by another, and the next one passes when it is over', async () => {
  const clock = manualClock();
  const first = deferred<string>();
  const ping = vi.fn<() => Promise<string>>(() => Promise.resolve('PONG'));
  ping.mockReturnValueOnce(first.promise);
  await using health = createHealth({ checks: { one: redis({ ping }) }, clock });
  const report = health.check();
  await clock.advance(1_000);
  expect((await report).checks.one.code).toBe('timeout');
  for (let at = 0; at < 5; at += 1) {
    await clock.advance(10_000);
    expect((await health.check()).checks.one.code).toBe('timeout');
  }
  expect(ping).toHaveBeenCalledTimes(1);
  first.resolve('PONG');
  await clock.advance(10_000);
  expect((await health.check()).checks.one.code).toBe('ok');
  expect(ping).toHaveBeenCalledTimes(2);
});

test('slow: warns', async () => {
  const times = [0, 100];
  const clock = { monotonic: () => times.shift() ?? 0 };
  const state = await stateOf(redis(answering('PONG'), { warn: 100, clock }));
  expect(state).toMatchObject({ status: 'warn', code: 'threshold' });
});

test('options: every fault is named', () => {
  // @ts-expect-error -- none of it is right
  expect(() => redis(answering('PONG'), { warn: 0, url: 'redis://' })).toThrow(
    /warn: .*url: there is no such option/,
  );
  // @ts-expect-error -- no client
  expect(() => redis({ url: 'redis://u:canary@h' })).toThrow('expected an object with ping()');
});
