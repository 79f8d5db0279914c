import { expect, test, vi } from 'vitest';
import { dns } from '../../src/checks/index.ts';
import { createHealth } from '../../src/index.ts';
import { manualClock } from '../manual-clock.ts';
import { type Answer, closeNameServersAfterEach, nameServer } from './name-server.ts';
import { stateOf } from './state-of.ts';

closeNameServersAfterEach();

const FOUR = ['192.0.2.1', '192.0.2.2'];
const SIX = ['2001:0db8:0000:0000:0000:0000:0000:0001'];

test.each<[what: string, type: 'A' | 'AAAA' | 'any', four: Answer, six: Answer, code: string]>([
  ['both kinds', 'any', FOUR, SIX, 'ok'],
  ['one kind is enough', 'any', FOUR, [], 'ok'],
  ['the other too', 'any', [], SIX, 'ok'],
  ['one kind, while the other fails', 'any', 'SERVFAIL', SIX, 'ok'],
  ['no IPv4', 'A', [], SIX, 'dns'],
  ['no IPv6', 'AAAA', FOUR, [], 'dns'],
  ['only IPv6 is asked for', 'AAAA', 'silence', SIX, 'ok'],
  ['no such name', 'any', 'NXDOMAIN', 'NXDOMAIN', 'dns'],
  ['the server fails', 'any', 'SERVFAIL', 'SERVFAIL', 'dns'],
  ['the server refuses', 'A', 'REFUSED', [], 'dns'],
])('%s: %s', async (_, type, four, six, code) => {
  const resolver = await nameServer((name, asked) => {
    expect(name).toBe('db.example.test');
    return asked === 'A' ? four : six;
  });
  const state = await stateOf(dns({ name: 'db.example.test', type, resolver }));
  expect(state.code).toBe(code);
  expect(state.message ?? '').not.toContain('example');
});

test('the failure that says most is told', async () => {
  const resolver = await nameServer((_, type) => (type === 'A' ? [] : 'SERVFAIL'));
  const state = await stateOf(dns({ name: 'a.test', resolver }));
  expect(state.message).toBe('no address: ESERVFAIL');
});

test.each([
  ['as written otherwise', ['192.0.2.1', '192.0.2.2', '2001:DB8::1'], 'ok'],
  ['an unknown one', ['192.0.2.1', '2001:db8::1'], 'bad_response'],
])('expected addresses: %s', async (_, addresses, code) => {
  const resolver = await nameServer((_name, type) => (type === 'A' ? FOUR : SIX));
  expect((await stateOf(dns({ name: 'a.test', addresses, resolver }))).code).toBe(code);
});

test('a server that is silent: timeout at the limit, and the query is cancelled', async () => {
  const clock = manualClock();
  const asked = vi.fn();
  const makeResolver = await nameServer(() => {
    asked();
    return 'silence';
  });
  const cancelled = vi.fn();
  const resolver = () => {
    const real = makeResolver();
    return {
      resolve4: (name: string) =>
        real.resolve4(name).catch((error: Error) => {
          cancelled((error as NodeJS.ErrnoException).code);
          throw error;
        }),
      resolve6: (name: string) => real.resolve6(name),
      cancel: () => real.cancel?.(),
    };
  };
  await using health = createHealth({
    checks: { one: dns({ name: 'a.test', type: 'A', resolver }) },
    clock,
  });
  const report = health.check();
  await vi.waitFor(() => {
    expect(asked).toHaveBeenCalled();
  });
  await clock.advance(1_000);
  expect((await report).checks.one.code).toBe('timeout');
  await vi.waitFor(() => {
    expect(cancelled).toHaveBeenCalledWith('ECANCELLED');
    expect(health.report().checks.one.running).toBe(false);
  });
});

test("the resolver's own limit is a timeout too", async () => {
  const fail = () => Promise.reject(Object.assign(new Error('x'), { code: 'ETIMEOUT' }));
  const resolver = () => ({ resolve4: fail, resolve6: fail });
  const state = await stateOf(dns({ name: 'a.test', resolver }));
  expect(state).toMatchObject({ code: 'timeout', message: 'no address: ETIMEOUT' });
});

test('a resolver that ignores the signal is not waited for', async () => {
  const hang = () => new Promise<string[]>(() => {});
  const controller = new AbortController();
  const { run } = dns({ name: 'a.test', resolver: () => ({ resolve4: hang, resolve6: hang }) });
  const result = run({ signal: controller.signal, name: 'one', attempt: 1, timeoutMs: 1 });
  controller.abort(new Error('over'));
  await expect(result).rejects.toThrow('over');
});

test('options: every fault is named', () => {
  // @ts-expect-error -- none of it is right
  expect(() => dns({ name: '192.0.2.1', type: 'MX', addresses: ['x'] })).toThrow(
    /name: expected a name, not an address.*type: .*addresses\.0: expected an IPv4 or IPv6 address/,
  );
});
