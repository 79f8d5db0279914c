import { createServer } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { tcp } from '../../src/checks/index.ts';
import { manualClock } from '../manual-clock.ts';
import { stateOf } from './state-of.ts';
import { closeTcpServers, closeTcpServersAfterEach, tcpServer } from './tcp-server.ts';

closeTcpServersAfterEach();

const hasIPv6 = await new Promise<boolean>((resolve) => {
  const server = createServer().once('error', () => resolve(false));
  server.listen(0, '::1', () => server.close(() => resolve(true)));
});

test('something listens: passes, with the time it took, and the connection is closed', async () => {
  const { port, sockets } = await tcpServer();
  const state = await stateOf(tcp({ host: '127.0.0.1', port }));
  expect(state).toMatchObject({ status: 'pass', code: 'ok' });
  expect(state.measurements).toMatchObject([{ measurement: 'responseTime', unit: 'ms' }]);
  await vi.waitFor(() => {
    expect(sockets.size).toBe(0);
  });
});

test.runIf(hasIPv6)('IPv6, without brackets', async () => {
  const { port } = await tcpServer(undefined, '::1');
  expect((await stateOf(tcp({ host: '::1', port }))).code).toBe('ok');
});

test('reset at once: refused, unless the connection was seen open before', async () => {
  const { port } = await tcpServer((socket) => socket.resetAndDestroy());
  const { code } = await stateOf(tcp({ host: '127.0.0.1', port }));
  expect(['ok', 'refused']).toContain(code);
});

test('nothing listens: refused, without the address', async () => {
  const { port } = await tcpServer();
  await closeTcpServers();
  expect(await stateOf(tcp({ host: '127.0.0.1', port }))).toMatchObject({
    status: 'fail',
    code: 'refused',
    message: 'no connection: ECONNREFUSED',
  });
});

test('a name that does not resolve: dns', async () => {
  expect((await stateOf(tcp({ host: 'nothing.invalid', port: 1 }))).code).toBe('dns');
});

test('slow: warns', async () => {
  const clock = manualClock();
  const { port } = await tcpServer();
  let reads = 0;
  const slow = { monotonic: () => 300 * reads++ };
  const state = await stateOf(tcp({ host: '127.0.0.1', port, warn: '250ms', clock: slow }), clock);
  expect(state).toMatchObject({
    status: 'warn',
    code: 'threshold',
    message: 'took 300 ms, 250 ms or more is too slow',
  });
});

test('aborted: rejects with the reason', async () => {
  const { port, sockets } = await tcpServer();
  const signal = AbortSignal.abort(new Error('over'));
  const { run } = tcp({ host: '127.0.0.1', port });
  await expect(run({ signal, name: 'one', attempt: 1, timeoutMs: 1 })).rejects.toThrow(
    'no connection',
  );
  expect(sockets.size).toBe(0);
});

describe('options', () => {
  test('every fault is named', () => {
    // @ts-expect-error -- none of it is right
    expect(() => tcp({ host: 'http://x/', port: 0, tls: true })).toThrow(
      /host: .*port: expected a port from 1 to 65535, got 0; tls: there is no such option/,
    );
  });
});
