import { describe, expect, test, vi } from 'vitest';
import { type DownstreamOptions, downstream } from '../../src/checks/index.ts';
import { createHealth } from '../../src/index.ts';
import { closeServersAfterEach, listening } from '../local-server.ts';
import { manualClock } from '../manual-clock.ts';
import { stateOf } from './state-of.ts';

closeServersAfterEach();

const saying = (httpStatus: number, body: unknown) =>
  listening((_, response) => {
    response.writeHead(httpStatus, { 'content-type': 'application/health+json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });

async function of(httpStatus: number, body: unknown, options: Partial<DownstreamOptions> = {}) {
  return stateOf(downstream({ url: await saying(httpStatus, body), critical: true, ...options }));
}

describe('what it says', () => {
  test.each([
    [200, 'pass', 'pass'],
    [200, 'ok', 'pass'],
    [200, 'UP', 'pass'],
    [200, 'Up', 'pass'],
    [204, 'PASS', 'pass'],
    [200, 'warn', 'pass'],
    [503, 'fail', 'fail'],
    [500, 'DOWN', 'fail'],
    [503, 'error', 'fail'],
    [400, 'Fail', 'fail'],
  ])('HTTP %d and %s: %s', async (httpStatus, status, expected) => {
    // 204 has no body.
    const code = httpStatus === 204 ? 206 : httpStatus;
    const state = await of(code, { status });
    expect(state).toMatchObject({ status: expected });
    expect(state.code).toBe(expected === 'pass' ? 'ok' : 'bad_response');
  });

  test('warn passes, and is told; or warns when asked to', async () => {
    const body = { status: 'warn', checks: { 'db:time': [{ status: 'warn' }] } };
    const state = await of(200, body);
    expect(state).toMatchObject({ status: 'pass', message: 'it says warn: db:time' });
    expect(state.measurements[0]?.value).toBe('warn');
    expect(await of(200, body, { warnAs: 'warn' })).toMatchObject({
      status: 'warn',
      code: 'bad_response',
    });
  });

  test.each([
    [503, { status: 'pass' }, 'it says pass with HTTP 503, which contradict each other'],
    [200, { status: 'fail' }, 'it says fail with HTTP 200, which contradict each other'],
    [200, { status: 'constructor' }, 'no status that is known, with HTTP 200'],
    [200, { status: 'OUT_OF_SERVICE' }, 'no status that is known, with HTTP 200'],
    [200, { status: ['pass'] }, 'no status that is known, with HTTP 200'],
    [200, {}, 'no status that is known, with HTTP 200'],
    [200, [], 'the body is not a JSON object'],
    [200, 'null', 'the body is not a JSON object'],
    [200, '{"status":"pass"', 'the body is not JSON'],
    [200, '<html>canary', 'the body is not JSON'],
    [200, '['.repeat(60_000), 'the body is not JSON'],
    [200, JSON.stringify({ status: 'pass', x: 'x'.repeat(70_000) }), /longer than 65536 bytes/],
  ])('HTTP %d, %.40j: fails', async (httpStatus, body, message) => {
    const state = await of(httpStatus, body);
    expect(state).toMatchObject({ status: 'fail', code: 'bad_response' });
    expect(state.message).toMatch(message);
  });

  test.each([
    [401, 'auth'],
    [403, 'auth'],
    [429, 'rate_limited'],
  ])('HTTP %d is about this request: %s', async (httpStatus, code) => {
    expect((await of(httpStatus, { status: 'fail' })).code).toBe(code);
  });

  test('names of failing checks are told, ten at most, and no other text', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `check${at}`);
    const checks = {
      fine: [{ status: 'pass' }],
      'token=canary': [{ status: 'fail' }],
      ...Object.fromEntries(names.map((name) => [name, [{ status: 'down', output: 'canary' }]])),
    };
    const state = await of(503, { status: 'fail', checks });
    expect(state.message).toBe(`it says fail: ${names.slice(0, 10).join(', ')}`);
  });
});

test('it is not critical unless told so, asks for JSON, and follows no redirect', async () => {
  const seen = vi.fn();
  const url = await listening((request, response) => {
    seen(request.headers.accept, request.headers['x-key']);
    response.writeHead(302, { location: '/login' }).end();
  });
  const state = await stateOf(downstream({ url, headers: { 'x-key': 'k' } }));
  expect(state).toMatchObject({ status: 'warn', raw: 'fail', code: 'bad_response' });
  expect(seen).toHaveBeenCalledWith('application/health+json, application/json;q=0.9', 'k');
  expect(seen).toHaveBeenCalledTimes(1);
});

/** Three services, each looking at the next, the last at the first. */
function circle(options: Partial<DownstreamOptions>) {
  const clock = manualClock();
  const calls = vi.fn();
  const isUp = { a: true, b: true, c: true };
  type Name = keyof typeof isUp;
  const service = (name: Name, next: Name) =>
    createHealth({
      checks: {
        own: () => {
          if (!isUp[name]) throw new Error('down');
        },
        next: downstream({
          url: `http://${next}.test/health`,
          fetch: (url, init) => {
            calls(next);
            return services[next].fetch(new Request(url, { headers: init?.headers ?? {} }));
          },
          ...options,
        }),
      },
      clock,
    });
  const services: Record<Name, ReturnType<typeof createHealth>> = {
    a: service('a', 'b'),
    b: service('b', 'c'),
    c: service('c', 'a'),
  };
  const round = async () => {
    await clock.advance(5_000);
    for (const health of Object.values(services)) {
      void health.check();
      await clock.advance(1_000);
    }
  };
  const statuses = () => Object.values(services).map((health) => health.report().status);
  const stop = () => Promise.all(Object.values(services).map((health) => health.stop()));
  return { isUp, calls, round, statuses, stop };
}

describe('services in a circle', () => {
  test('a failure reaches one service, as a warning, and goes when it is over', async () => {
    const { isUp, calls, round, statuses, stop } = circle({});
    for (let at = 0; at < 4; at += 1) await round();
    expect(statuses()).toEqual(['pass', 'pass', 'pass']);
    isUp.b = false;
    for (let at = 0; at < 4; at += 1) await round();
    expect(statuses()).toEqual(['warn', 'fail', 'pass']);
    isUp.b = true;
    for (let at = 0; at < 4; at += 1) await round();
    expect(statuses()).toEqual(['pass', 'pass', 'pass']);
    // 12 rounds of three probes: each asks the next once a round, however the circle goes on.
    expect(calls.mock.calls.length).toBeLessThanOrEqual(12 * 3 + 3);
    await stop();
  });

  test('critical ones that pass warnings on hold each other down, as the documentation says', async () => {
    const { isUp, round, statuses, stop } = circle({ critical: true, warnAs: 'warn' });
    isUp.b = false;
    for (let at = 0; at < 4; at += 1) await round();
    isUp.b = true;
    for (let at = 0; at < 4; at += 1) await round();
    expect(statuses()).toEqual(['fail', 'fail', 'fail']);
    await stop();
  });
});

test('options: every fault is named, and no secret is', () => {
  const options = { url: 'http://u:canary@a/', warnAs: 'fail', depth: 3 };
  const make = () => downstream(options as unknown as DownstreamOptions);
  expect(make).toThrow(/url: .*warnAs: .*depth: there is no such option/);
  expect(make).not.toThrow(/canary/);
});
