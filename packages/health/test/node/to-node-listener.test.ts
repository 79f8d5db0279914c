import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { CheckFailedError, createHealth } from '../../src/index.ts';
import { toNodeListener } from '../../src/node/index.ts';
import { closeServersAfterEach, listening } from '../local-server.ts';

closeServersAfterEach();

const failing = () => {
  throw new CheckFailedError('refused', 'this will fail');
};
const isOurs = ([name]: [string, string]) => !/^(date|connection|keep-alive)$/.test(name);

/** Sent as it is, which fetch would not do. */
async function raw(origin: string, text: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  socket.end(text);
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += String(chunk);
  return answer;
}

const OUTCOMES = {
  pass: { one: () => {} },
  warn: { one: { run: failing, critical: false } },
  fail: { one: failing },
};

test.each(Object.keys(OUTCOMES))('%s: answers as fetch does', async (status) => {
  const checks = OUTCOMES[status as keyof typeof OUTCOMES];
  const details = (request: Request) => request.headers.get('x-op') === 'yes';
  await using health = createHealth({ checks, details });
  const origin = await listening(toNodeListener(health));
  for (const path of [
    '/health',
    '/health?exclude=one&verbose',
    '/health/ui?refresh=10',
    '/health/metrics',
    '/readyz',
    '/readyz/one',
    '/readyz/%6Fne',
    '/livez?verbose',
    '/nothing',
    '/readyz/%E0%A4%A',
  ]) {
    for (const method of ['GET', 'HEAD', 'POST']) {
      for (const extra of [{}, { 'x-op': 'yes' }, { 'if-none-match': '*' }]) {
        for (const accept of ['*/*', 'application/json']) {
          const init = { method, headers: { accept, ...extra } };
          const near = await health.fetch(new Request(origin + path, init));
          const far = await fetch(origin + path, init);
          expect([far.status, await far.text()]).toEqual([near.status, await near.text()]);
          const headers = [...far.headers].filter(isOurs);
          expect(headers).toEqual([...near.headers].filter(isOurs));
        }
      }
    }
  }
});

test('what is not for it goes on, and gets a 404 when there is nobody to go on to', async () => {
  await using health = createHealth({ checks: {}, basePath: '/ops' });
  const listener = toNodeListener({ ...health });
  const next = vi.fn();
  const origin = await listening((request, response) => {
    listener(request, response, () => {
      next();
      response.end('mine');
    });
  });
  expect(await (await fetch(`${origin}/ops/livez`)).text()).toBe('ok');
  expect(next).not.toHaveBeenCalled();
  expect(await (await fetch(`${origin}/livez`)).text()).toBe('mine');
  const alone = await listening(listener);
  expect((await fetch(`${alone}/livez`)).status).toBe(404);
});

test('details is given the request as it was sent, and nobody is asked for what all may see', async () => {
  const seen: Request[] = [];
  await using health = createHealth({
    checks: { bad: failing },
    details: async (request) => {
      seen.push(request);
      return true;
    },
  });
  const origin = await listening(toNodeListener(health));
  const response = await fetch(`${origin}/readyz?a=b`, { headers: { cookie: 'a=1; b=2' } });
  expect(await response.text()).toContain('this will fail');
  expect(seen.map(({ url, method }) => [url, method])).toEqual([[`${origin}/readyz?a=b`, 'GET']]);
  expect(seen[0]?.headers.get('cookie')).toBe('a=1; b=2');
  await fetch(`${origin}/livez?verbose`);
  expect(seen).toHaveLength(1);
});

test.each([
  ['GET http://x/readyz HTTP/1.1\r\nHost: x', 200],
  ['GET //evil.example/readyz HTTP/1.1\r\nHost: x', 404],
  ['GET /readyz HTTP/1.0', 200],
  ['GET /health HTTP/1.1\r\nHost: a b', 200],
  ['GET /health HTTP/1.1\r\nHost: [', 200],
  ['OPTIONS * HTTP/1.1\r\nHost: x', 404],
  ['TRACE /readyz HTTP/1.1\r\nHost: x', 405],
])('%j → %i', async (head, status) => {
  const details = vi.fn(() => false);
  await using health = createHealth({ checks: { one: () => {} }, details });
  const origin = await listening(toNodeListener(health));
  const answer = await raw(origin, `${head}\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

test('a probe that goes away stops nothing', async () => {
  let finish = () => {};
  const started = vi.fn();
  await using health = createHealth({
    checks: {
      slow: () => {
        started();
        return new Promise<void>((resolve) => {
          finish = resolve;
        });
      },
    },
    defaults: { timeout: '30s' },
  });
  const origin = await listening(toNodeListener(health));
  const probe = httpRequest(`${origin}/readyz`).on('error', () => {});
  probe.end();
  await vi.waitFor(() => expect(started).toHaveBeenCalled());
  probe.destroy();
  const other = fetch(`${origin}/readyz`);
  finish();
  expect((await other).status).toBe(200);
  expect(started).toHaveBeenCalledTimes(1);
});

test('an answer that comes after another has been given is dropped', async () => {
  let finish = () => {};
  const checks = {
    slow: () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  };
  await using health = createHealth({ checks });
  const listener = toNodeListener(health);
  const origin = await listening((request, response) => {
    listener(request, response);
    response.writeHead(504).end('too late');
    finish();
  });
  const response = await fetch(`${origin}/readyz`);
  expect([response.status, await response.text()]).toEqual([504, 'too late']);
  expect((await health.check()).status).toBe('pass');
});

test('only what createHealth made can be served', () => {
  expect(() => toNodeListener({ fetch: async () => new Response() })).toThrow(
    'expected what createHealth',
  );
});
