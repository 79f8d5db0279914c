import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type CreateFetchOptions, createFetch, type Resilience } from '../../src/fetch/index.ts';
import { attemptsOf, type PipelineEvent } from '../../src/index.ts';
import { cut, refusedUrl, reply, serveScript, stall, steppedClock, until } from './serve.ts';

const atOnce = { retries: 2, backoff: () => 0 };
const made = (options: CreateFetchOptions = {}): ReturnType<typeof createFetch> =>
  createFetch({ retry: atOnce, ...options });

describe('what is repeated', () => {
  it('nothing, unless asked', async () => {
    const { url, seen } = await serveScript(reply(503, 'busy'), reply(200));
    const response = await createFetch()(url);
    expect([response.status, await response.text()]).toEqual([503, 'busy']);
    expect(seen).toHaveLength(1);
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('%s after a 500', async (method) => {
    const { url, seen } = await serveScript(reply(500), cut('before'), reply(200, 'ok'));
    const response = await made()(url, { method });
    expect(response.status).toBe(200);
    await response.body?.cancel();
    expect(seen.map((one) => one.method)).toEqual([method, method, method]);
  });

  it.each(['POST', 'PATCH'])('%s not after what may have been done', async (method) => {
    for (const step of [reply(500), reply(502), reply(503), reply(504), reply(408)]) {
      const { url, seen } = await serveScript(step, reply(200));
      expect((await made()(url, { method, body: 'x' })).ok).toBe(false);
      expect(seen).toHaveLength(1);
    }
    const { url, seen } = await serveScript(cut('before'), reply(200));
    await expect(made()(url, { method, body: 'x' })).rejects.toBeInstanceOf(TypeError);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['429', reply(429)],
    ['425', reply(425)],
    ['503 with a wait', reply(503, '', { 'retry-after': '0' })],
  ])('POST after %s, which was not done', async (_, step) => {
    const { url, seen } = await serveScript(step, reply(201));
    const response = await made()(url, { method: 'POST', body: 'x' });
    expect(response.status).toBe(201);
    expect(seen.map(({ body }) => body)).toEqual(['x', 'x']);
  });

  it('POST after a connection that was refused', async () => {
    const refused = await refusedUrl();
    const { url, seen } = await serveScript(reply(201));
    let count = 0;
    const fetch = made({
      fetch(input, init) {
        count += 1;
        return globalThis.fetch(count < 3 ? input : url, init);
      },
    });
    expect((await fetch(refused, { method: 'POST', body: 'x' })).status).toBe(201);
    expect(count).toBe(3);
    expect(seen.map(({ body }) => body)).toEqual(['x']);
  });

  it.each([
    ['resilience.idempotent', {}, { idempotent: true }],
    ['a key among the headers', { 'Idempotency-Key': 'k' }, {}],
    ['resilience.idempotencyKey', {}, { idempotencyKey: 'k' }],
  ])('POST after a 500, with %s', async (_, headers, resilience: Resilience) => {
    const { url, seen } = await serveScript(reply(500), reply(200));
    const response = await made()(url, { method: 'POST', body: 'x', headers, resilience });
    expect(response.status).toBe(200);
    expect(seen).toHaveLength(2);
  });

  it('GET not, when the caller says that it is not idempotent, or retry: false', async () => {
    for (const resilience of [{ idempotent: false }, { retry: false }]) {
      const { url, seen } = await serveScript(reply(500), reply(200));
      expect((await made()(url, { resilience })).status).toBe(500);
      expect(seen).toHaveLength(1);
    }
  });

  it.each([400, 401, 404, 409, 422, 501, 505])('never a %i', async (status) => {
    const { url, seen } = await serveScript(reply(status), reply(200));
    expect((await made()(url)).status).toBe(status);
    expect(seen).toHaveLength(1);
  });

  it('a limit of one attempt', async () => {
    const { url, seen } = await serveScript(() => {}, reply(200, 'ok'));
    const clock = steppedClock();
    const outcome = made({ clock, attemptTimeout: '10s' })(url);
    await until(() => seen.length === 1);
    await clock.advance(10_000);
    expect(await (await outcome).text()).toBe('ok');
    await until(() => seen[0]?.isDropped === true);
    expect(clock.delays).toEqual([]);
  });
});

describe('the last outcome', () => {
  it('is the Response itself, readable, when attempts are spent', async () => {
    const { url, seen } = await serveScript(
      reply(500, 'one'),
      reply(502, 'two'),
      reply(503, 'three'),
    );
    const response = await made()(url);
    expect(response).toBeInstanceOf(Response);
    expect([response.status, response.url, await response.text()]).toEqual([503, url, 'three']);
    expect(seen).toHaveLength(3);
    const statuses = attemptsOf(response).map(
      ({ outcome }) => outcome.ok && (outcome.value as Response).status,
    );
    expect(statuses).toEqual([500, 502, 503]);
  });

  it('is the original error', async () => {
    const { url, seen } = await serveScript(reply(500), cut('before'));
    const error = await made()(url).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(seen).toHaveLength(3);
    expect(attemptsOf(error)[0]?.outcome).toMatchObject({ ok: true, value: { status: 500 } });
  });

  it('comes at once when the wait is longer than what remains', async () => {
    const { url, seen } = await serveScript(reply(429, 'slow down', { 'retry-after': '31' }));
    const clock = steppedClock();
    const response = await made({ clock, timeout: '30s' })(url);
    expect([response.status, await response.text()]).toEqual([429, 'slow down']);
    expect(seen).toHaveLength(1);
    expect(clock.delays).toEqual([]);
  });
});

describe('waits', () => {
  it.each([
    ['decimal seconds', '2.5', 2_500],
    ['a date', new Date(Date.UTC(2026, 10, 23) + 4_000).toUTCString(), 4_000],
  ])('as long as the server asks: %s', async (_, header, leastMs) => {
    const { url, seen } = await serveScript(reply(429, '', { 'retry-after': header }), reply(200));
    const clock = steppedClock();
    const random = (): number => 0;
    const outcome = made({ clock, random })(url);
    await until(() => clock.delays.includes(leastMs));
    await clock.advance(leastMs - 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toHaveLength(1);
    await clock.advance(1);
    expect((await outcome).status).toBe(200);
  });

  it('spreads clients out above that time, never below', async () => {
    const { url } = await serveScript(reply(429, '', { 'retry-after': '2' }), reply(200));
    const clock = steppedClock();
    const outcome = made({ clock, random: () => 0.999 })(url);
    await until(() => clock.delays.some((delayMs) => delayMs > 2_000 && delayMs <= 2_400));
    await clock.advance(2_400);
    expect((await outcome).status).toBe(200);
  });

  it('not past an abort, which rejects with its identical reason', async () => {
    const { url, seen } = await serveScript(reply(429, '', { 'retry-after': '20' }));
    const clock = steppedClock();
    const controller = new AbortController();
    const { signal } = controller;
    const outcome = made({ clock, random: () => 0 })(url, { signal });
    await until(() => clock.delays.includes(20_000));
    const reason = { why: 'left' };
    controller.abort(reason);
    await expect(outcome).rejects.toBe(reason);
    expect(seen).toHaveLength(1);
    expect(clock.delays).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('responses that are thrown away', () => {
  it('have their bodies cancelled before the wait', async () => {
    const { url, seen } = await serveScript(stall(503), reply(200, 'ok'));
    const clock = steppedClock();
    const outcome = made({ clock, retry: { retries: 1, backoff: () => 5_000 } })(url);
    await until(() => seen[0]?.isDropped === true);
    expect(clock.delays).toContain(5_000);
    await clock.advance(5_000);
    expect(await (await outcome).text()).toBe('ok');
  });

  it('too when the caller aborts between two attempts', async () => {
    const { url, seen } = await serveScript(stall(503));
    const clock = steppedClock();
    const controller = new AbortController();
    const outcome = made({ clock, retry: { retries: 1, backoff: () => 5_000 } })(url, {
      signal: controller.signal,
    });
    await until(() => clock.delays.includes(5_000));
    controller.abort('left');
    await expect(outcome).rejects.toBe('left');
    await until(() => seen[0]?.isDropped === true);
    expect(clock.delays).toEqual([]);
  });

  it('and the late answer of a fetch that does not listen, too', async () => {
    const clock = steppedClock();
    let answer: ((response: Response) => void) | undefined;
    let cancelled: unknown;
    const fetch = made({
      clock,
      retry: undefined,
      attemptTimeout: '1s',
      fetch: () => new Promise((resolve) => (answer = resolve)),
    });
    const outcome = fetch('http://localhost/').catch((error: unknown) => error);
    await until(() => clock.delays.length > 0);
    await until(() => answer !== undefined);
    await clock.advance(1_000);
    expect(await outcome).toMatchObject({ scope: 'attempt', timeoutMs: 1_000 });
    const body = new ReadableStream({ cancel: (reason) => (cancelled = reason ?? 'cancelled') });
    answer?.(new Response(body));
    await until(() => cancelled !== undefined);
    expect(cancelled).toBeDefined();
  });
});

describe('events', () => {
  it('tell of responses, and a listener that throws does no harm', async () => {
    const { url } = await serveScript(reply(500), reply(200, 'ok'));
    const events: PipelineEvent[] = [];
    const fetch = made({
      onEvent(event) {
        events.push(event);
        throw new Error('listener');
      },
    });
    expect(await (await fetch(url)).text()).toBe('ok');
    const retried = events.find(({ type }) => type === 'retry');
    expect(retried).toMatchObject({ attempt: 1, key: new URL(url).origin, verdict: 'ambiguous' });
    expect(retried).toHaveProperty('outcome.value.status', 500);
  });
});

describe('layers', () => {
  it('open a circuit for an origin, and 429 does not', async () => {
    const { url, seen } = await serveScript(
      reply(429),
      reply(429),
      reply(500),
      reply(500),
      reply(200),
    );
    const fetch = createFetch({ circuitBreaker: { consecutive: 2, openFor: '5s' } });
    for (const status of [429, 429, 500, 500]) expect((await fetch(url)).status).toBe(status);
    await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_OPS_CIRCUIT_OPEN' });
    expect(seen).toHaveLength(4);
    expect((await fetch(url, { resilience: { key: 'another' } })).status).toBe(200);
  });

  it('bound the calls at once, with a place free at the headers', async () => {
    const { url } = await serveScript(stall());
    const fetch = createFetch({ bulkhead: { limit: 1, queue: 0 } });
    const first = fetch(url);
    await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_OPS_BULKHEAD_FULL' });
    const open = [await first, await fetch(url)];
    for (const response of open) await response.body?.cancel();
  });

  it('hedge what is idempotent, and let the slower one go', async () => {
    const { url, seen } = await serveScript(() => {}, reply(200, 'quick'));
    const clock = steppedClock();
    const fetch = createFetch({ clock, hedge: { delay: '1s' } });
    const outcome = fetch(url);
    await until(() => seen.length === 1);
    await clock.advance(1_000);
    expect(await (await outcome).text()).toBe('quick');
    await until(() => seen[0]?.isDropped === true);
    expect(clock.delays).toEqual([]);
    const post = fetch(url, { method: 'POST', body: 'x' });
    expect((await post).status).toBe(200);
    expect(seen).toHaveLength(3);
  });

  it('draw repetitions from one budget', async () => {
    const { url, seen } = await serveScript(reply(500));
    const fetch = made({ budget: { ratio: 0, minPerSecond: 0.1, window: '10s' } });
    expect((await fetch(url)).status).toBe(500);
    expect((await fetch(url)).status).toBe(500);
    expect(seen).toHaveLength(3); // one repetition for both
  });

  it('take another judge', async () => {
    const { url, seen } = await serveScript(reply(404), reply(200));
    const fetch = made({
      classify: (outcome) => ({
        kind: outcome.ok && (outcome.value as Response).status === 404 ? 'ambiguous' : 'success',
      }),
    });
    expect((await fetch(url)).status).toBe(200);
    expect(seen).toHaveLength(2);
  });
});
