import { expect, test, vi } from 'vitest';
import { tls } from '../../src/checks/index.ts';
import { certificate } from './certificate.ts';
import { stateOf } from './state-of.ts';
import { closeTcpServers, closeTcpServersAfterEach, tcpServer, tlsServer } from './tcp-server.ts';

closeTcpServersAfterEach();

const DAY = 86_400_000;
const ca = certificate({ name: 'Test CA', notAfter: new Date('2090-01-01') });
const leaf = (name: string, notAfter: string) =>
  certificate({ name, notAfter: new Date(notAfter), issuer: ca });
const good = leaf('db.example.test', '2080-01-01');

/** What a check of a server with this certificate comes to. */
async function of(
  own: { cert: string; key: string },
  options: Partial<Parameters<typeof tls>[0]> = {},
) {
  const { port, sockets } = await tlsServer({ cert: own.cert, key: own.key });
  const state = await stateOf(
    tls({ host: '127.0.0.1', port, servername: 'db.example.test', ca: ca.cert, ...options }),
  );
  await vi.waitFor(() => {
    expect(sockets.size).toBe(0);
  });
  return state;
}

const at = (date: string, offsetMs = 0) => ({ now: () => Date.parse(date) + offsetMs });

test('trusted, for the name, long to go: passes with the days left', async () => {
  const state = await of(good, { clock: at('2080-01-01', -400.55 * DAY) });
  expect(state).toMatchObject({ status: 'pass', code: 'ok' });
  expect(state.measurements).toMatchObject([
    { measurement: 'timeLeft', value: 400.5, unit: 'days' },
  ]);
});

test.each([
  [15, {}, 'pass'],
  [14, {}, 'warn'],
  [1, {}, 'warn'],
  [2, { fail: '3d' }, 'fail'],
  [29, { warn: '30d' }, 'warn'],
  [29, { fail: '30d' }, 'fail'],
] as const)('%d days before the end, %o: %s', async (days, thresholds, status) => {
  const state = await of(good, { clock: at('2080-01-01', -days * DAY), ...thresholds });
  expect(state.status).toBe(status);
  expect(state.code).toBe(status === 'pass' ? 'ok' : 'threshold');
});

test('of the chain the first to expire counts', async () => {
  const late = leaf('db.example.test', '2095-01-01');
  const state = await of(late, { clock: at('2090-01-01', -3 * DAY) });
  expect(state).toMatchObject({
    status: 'warn',
    message: 'a certificate of the chain expires in 3 days',
  });
});

test.each([
  ['expired', leaf('db.example.test', '2021-01-01'), 'CERT_HAS_EXPIRED'],
  ['for another name', leaf('other.example.test', '2080-01-01'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [
    'signed by itself',
    certificate({ name: 'db.example.test', notAfter: new Date('2080-01-01') }),
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
])('%s: tls', async (_, own, reason) => {
  expect(await of(own)).toMatchObject({
    status: 'fail',
    code: 'tls',
    message: `no connection: ${reason}`,
  });
});

test('an address is compared with the certificate too', async () => {
  expect((await of(good, { servername: undefined })).code).toBe('tls');
});

test('not TLS at all: tls', async () => {
  const { port } = await tcpServer((socket) => socket.end('220 mail\r\n'));
  expect((await stateOf(tls({ host: '127.0.0.1', port }))).code).toBe('tls');
});

test('nothing listens, and closed at once: refused', async () => {
  const closing = await tcpServer((socket) => socket.destroy());
  expect((await stateOf(tls({ host: '127.0.0.1', port: closing.port }))).code).toBe('refused');
  await closeTcpServers();
  expect((await stateOf(tls({ host: '127.0.0.1', port: closing.port }))).code).toBe('refused');
});

test('an issuer that has expired was not needed: it does not count', async () => {
  const late = leaf('db.example.test', '2095-01-01');
  const state = await of(late, { clock: at('2090-01-02') });
  expect(state.measurements[0]?.value).toBeGreaterThan(1_800);
});

test('a handshake that hangs is ended by the signal', async () => {
  const { port, sockets } = await tcpServer((socket) => socket.resume());
  const controller = new AbortController();
  const { run } = tls({ host: '127.0.0.1', port });
  const result = run({ signal: controller.signal, name: 'one', attempt: 1, timeoutMs: 1 });
  await vi.waitFor(() => {
    expect(sockets.size).toBe(1);
  });
  controller.abort(new Error('over'));
  await expect(result).rejects.toThrow('no connection');
  await vi.waitFor(() => {
    expect(sockets.size).toBe(0);
  });
});

test('options: every fault is named; every minute unless told otherwise', () => {
  expect(() => tls({ host: 'a/b', servername: '::1', warn: '1d', fail: '2d' })).toThrow(
    /host: .*servername: .*fail: expected at most warn, which is 1d/,
  );
  expect(tls({ host: 'a' }).every).toBe('1m');
  expect(tls({ host: 'a', ttl: '5m' }).every).toBeUndefined();
});
