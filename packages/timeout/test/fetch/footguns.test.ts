/**
 * Faults of other libraries in which a network or a Response takes part, by their numbers in the
 * table of the field note; the others are in ../footguns.test.ts.
 */
import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { createFetch } from '../../src/fetch/index.ts';
import { TimeoutError } from '../../src/index.ts';
import { cut, reply, serveScript, stall, steppedClock, until } from './serve.ts';

const atOnce = { retries: 2, backoff: () => 0 };

it('F1: an abort during the wait ends it at once, with its reason, and nothing is sent again', async () => {
  const { url, seen } = await serveScript(reply(503));
  const clock = steppedClock();
  const controller = new AbortController();
  const fetch = createFetch({ clock, retry: { retries: 2, backoff: () => 400 } });
  const outcome = fetch(url, { signal: controller.signal });
  await until(() => clock.delays.includes(400));
  const reason = new Error('the user left');
  controller.abort(reason);
  await expect(outcome).rejects.toBe(reason);
  await clock.advance(1_000);
  expect(seen).toHaveLength(1);
});

it("F2: a caller's abort is not told as a timeout", async () => {
  const { url, seen } = await serveScript(() => {});
  const controller = new AbortController();
  const types: string[] = [];
  const fetch = createFetch({
    clock: steppedClock(),
    attemptTimeout: 300,
    onEvent: ({ type }) => types.push(type),
  });
  const outcome = fetch(url, { signal: controller.signal });
  await until(() => seen.length === 1);
  controller.abort('left');
  await expect(outcome).rejects.toBe('left');
  expect(types).not.toContain('timeout');
});

it('F3: an abort in the queue of the bulkhead rejects at once', async () => {
  const { url, seen } = await serveScript(() => {});
  const clock = steppedClock();
  const fetch = createFetch({ clock, timeout: '1s', bulkhead: { limit: 1, queue: 1 } });
  const running = fetch(url).catch((error: unknown) => error);
  const controller = new AbortController();
  const queued = fetch(url, { signal: controller.signal });
  await until(() => seen.length === 1);
  controller.abort('left');
  await expect(queued).rejects.toBe('left');
  await clock.advance(1_000);
  expect(await running).toBeInstanceOf(TimeoutError);
  expect(seen).toHaveLength(1);
});

it('F6: a second caller does not wait behind the probe', async () => {
  const { url, seen } = await serveScript(reply(500), (_, response) => {
    setImmediate(() => response.writeHead(200, { 'content-length': '0' }).end());
  });
  const clock = steppedClock();
  const fetch = createFetch({ clock, circuitBreaker: { consecutive: 1, openFor: '1s' } });
  await fetch(url);
  await clock.advance(1_000);
  const probe = fetch(url);
  await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_OPS_CIRCUIT_OPEN' });
  expect((await probe).status).toBe(200);
  expect(seen).toHaveLength(2);
});

it('F7: a failure of a request sent before the trip does not open the circuit again', async () => {
  let release = (): void => {};
  const { url, seen } = await serveScript(
    (request) => {
      release = () => request.socket.destroy();
    },
    reply(500),
    reply(200),
    reply(200),
  );
  const clock = steppedClock();
  const fetch = createFetch({ clock, circuitBreaker: { consecutive: 1, openFor: '1s' } });
  const late = fetch(url).catch((error: unknown) => error);
  await until(() => seen.length === 1);
  expect((await fetch(url)).status).toBe(500); // trips it
  await clock.advance(1_000);
  const probe = fetch(url);
  release();
  expect(await late).toBeInstanceOf(TypeError);
  expect((await probe).status).toBe(200);
  expect((await fetch(url)).status).toBe(200);
});

it('F8: a request that times out takes no other with it', async () => {
  const { url, seen } = await serveScript(
    () => {},
    (_, response) => {
      response.write('first,');
      setImmediate(() => response.end('second'));
    },
  );
  const clock = steppedClock();
  const fetch = createFetch({ clock, attemptTimeout: '1s' });
  const { signal } = new AbortController();
  const hung = fetch(url, { signal }).catch((error: unknown) => error);
  await until(() => seen.length === 1);
  const other = await fetch(url, { signal });
  await clock.advance(1_000);
  expect(await hung).toMatchObject({ scope: 'attempt' });
  expect(await other.text()).toBe('first,second');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('F10: the limit of time holds although a signal is given', async () => {
  const { url, seen } = await serveScript(() => {});
  const clock = steppedClock();
  const { signal } = new AbortController();
  const outcome = createFetch({ clock, timeout: '5s' })(url, { signal });
  const settled = outcome.catch((error: unknown) => error);
  await until(() => seen.length === 1);
  await clock.advance(5_000);
  expect(await settled).toMatchObject({ scope: 'total', timeoutMs: 5_000 });
});

it.each(['text', 'stream'] as const)('F11: a body that stalls is cut off: %s', async (how) => {
  const { url, seen } = await serveScript(stall());
  const clock = steppedClock();
  const response = await createFetch({ clock, timeout: '5s' })(url);
  const read = how === 'text' ? response.text() : new Response(response.body).text();
  const settled = read.catch((error: unknown) => error);
  await clock.advance(5_000);
  expect(await settled).toMatchObject({ scope: 'total' });
  await until(() => seen[0]?.isDropped === true);
  expect(clock.delays).toEqual([]);
});

it('F12: each attempt has a signal and a limit of its own', async () => {
  const { url, seen } = await serveScript(() => {});
  const clock = steppedClock();
  const fetch = createFetch({
    clock,
    attemptTimeout: 100,
    retry: { retries: 3, backoff: () => 0 },
  });
  const settled = fetch(url).catch((error: unknown) => error);
  for (const count of [1, 2, 3, 4]) {
    await until(() => seen.length === count);
    await clock.advance(100);
  }
  expect(await settled).toMatchObject({ scope: 'attempt' });
  expect(seen).toHaveLength(4);
});

it('F13: json() of a response that is handed out times out', async () => {
  const { url } = await serveScript((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"a":');
  });
  const clock = steppedClock();
  const response = await createFetch({ clock, timeout: 100 })(url);
  const settled = response.json().catch((error: unknown) => error);
  await clock.advance(100);
  expect(await settled).toBeInstanceOf(TimeoutError);
});

it.each(['30s', '3h'] as const)('F14: an hour of Retry-After is not slept: %s', async (timeout) => {
  const { url, seen } = await serveScript(reply(429, 'later', { 'retry-after': '3600' }));
  const clock = steppedClock();
  const response = await createFetch({ clock, timeout, retry: { retries: 2 } })(url);
  expect([response.status, await response.text()]).toEqual([429, 'later']);
  expect([seen.length, clock.delays.length]).toEqual([1, 0]);
});

it('F15: an abort in an attempt rejects at once, even if the fetch does not listen', async () => {
  const clock = steppedClock();
  const controller = new AbortController();
  const fetch = createFetch({ clock, retry: atOnce, fetch: () => new Promise(() => {}) });
  const outcome = fetch('http://localhost/', { signal: controller.signal });
  controller.abort('left');
  await expect(outcome).rejects.toBe('left');
  expect(clock.delays).toEqual([]);
});

it('F16: no attempt is begun after the limit, and no wait that would end there', async () => {
  const { url, seen } = await serveScript(reply(503, 'busy'));
  const clock = steppedClock();
  const fetch = createFetch({ clock, timeout: 100, retry: { retries: 2, backoff: () => 1_000 } });
  expect(await (await fetch(url)).text()).toBe('busy');
  await clock.advance(5_000);
  expect([seen.length, clock.delays.length]).toEqual([1, 0]);
});

it('F17: neither an AbortError nor a request that cannot be sent is repeated', async () => {
  let count = 0;
  const aborting = createFetch({
    retry: atOnce,
    fetch: async () => {
      count += 1;
      throw new DOMException('stopped', 'AbortError');
    },
  });
  await expect(aborting('http://localhost/')).rejects.toMatchObject({ name: 'AbortError' });
  expect(count).toBe(1);
  const counting = createFetch({
    retry: atOnce,
    fetch: (...args) => {
      count += 1;
      return globalThis.fetch(...args);
    },
  });
  for (const url of ['http://127.0.0.1:1/', 'gopher://127.0.0.1/', 'not a url']) {
    await expect(counting(url)).rejects.toBeInstanceOf(TypeError);
  }
  expect(count).toBe(4);
});

it('F18: a request that times out is told to stop', async () => {
  const { url, seen } = await serveScript(() => {});
  const clock = steppedClock();
  const settled = createFetch({ clock, timeout: 100 })(url).catch((error: unknown) => error);
  await until(() => seen.length === 1);
  await clock.advance(100);
  expect(await settled).toBeInstanceOf(TimeoutError);
  await until(() => seen[0]?.isDropped === true);
  expect(seen[0]?.isDropped).toBe(true);
});

it('F19: a 503 stays a Response, and waits are spread out', async () => {
  const { url, seen } = await serveScript(reply(503, 'busy'));
  const clock = steppedClock();
  const waits: number[] = [];
  const fetch = createFetch({
    clock,
    random: () => 0.5,
    retry: { retries: 2 },
    onEvent: (event) => event.type === 'retry' && waits.push(event.delayMs),
  });
  const outcome = fetch(url);
  for (const waitMs of [125, 250]) {
    await until(() => clock.delays.includes(waitMs));
    await clock.advance(waitMs);
  }
  const response = await outcome;
  expect([response.status, await response.text(), seen.length]).toEqual([503, 'busy', 3]);
  expect(waits).toEqual([125, 250]); // half of 250 and of 500
});

it('F20: "Retry-After: 2.0" is two seconds, and a lost POST is not sent again', async () => {
  const { url, seen } = await serveScript(
    reply(429, '', { 'retry-after': '2.0' }),
    cut('before'),
    reply(200),
  );
  const clock = steppedClock();
  const fetch = createFetch({ clock, random: () => 0, retry: { retries: 5 } });
  const outcome = fetch(url, { method: 'POST', body: '{}' }).catch((error: unknown) => error);
  await until(() => clock.delays.includes(2_000));
  await clock.advance(1_999);
  expect(seen).toHaveLength(1);
  await clock.advance(1);
  const error = await outcome;
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).cause).toBeInstanceOf(Error); // and the cause is kept
  expect(seen).toHaveLength(2);
});

it('F21: time is that of the clock that is given, the monotonic one too', async () => {
  const { url, seen } = await serveScript(() => {});
  const clock = steppedClock();
  const settled = createFetch({ clock, timeout: '1h' })(url).catch((error: unknown) => error);
  await until(() => seen.length === 1);
  clock.jump(-7_200_000); // the wall clock is no matter
  await clock.advance(3_600_000);
  expect(await settled).toMatchObject({ scope: 'total', elapsedMs: 3_600_000 });
});
