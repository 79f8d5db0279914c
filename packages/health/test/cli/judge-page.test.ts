import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgePage } from '../../src/cli/judge-page.ts';
import type { Status } from '../../src/status.ts';

const page = (httpStatus: number, mediaType: string, text: string) =>
  judgePage({ httpStatus, mediaType, text });
const json = (httpStatus: number, body: unknown, mediaType = 'application/health+json') =>
  page(httpStatus, mediaType, JSON.stringify(body));

describe('a JSON page', () => {
  test.each<[unknown, number, Status]>([
    [{ status: 'pass' }, 200, 'pass'],
    [{ status: 'UP', checks: [] }, 200, 'pass'],
    [{ status: 'ok' }, 204, 'pass'],
    [{ status: 'warn' }, 200, 'warn'],
    [{ status: 'warn' }, 429, 'warn'],
    [{ status: 'warn' }, 503, 'fail'],
    [{ status: 'pass' }, 503, 'fail'],
    [{ status: 'pass' }, 302, 'fail'],
    [{ status: 'fail' }, 200, 'fail'],
    [{ status: 'DOWN' }, 503, 'fail'],
    [{ status: 'OUT_OF_SERVICE' }, 200, 'fail'],
    [{ status: 'constructor' }, 200, 'fail'],
    [{ status: 1 }, 200, 'fail'],
    [{}, 200, 'fail'],
    [[], 200, 'fail'],
    [null, 200, 'fail'],
  ])('%j with %i: %s', (body, httpStatus, status) => {
    expect(json(httpStatus, body).status).toBe(status);
  });

  test('without a status is judged by HTTP, unless it should have one', () => {
    expect(json(200, { uptime: 1 }, 'application/json').status).toBe('pass');
    expect(json(500, { uptime: 1 }, 'application/json').status).toBe('fail');
    expect(json(200, { status: 'degraded' }, 'application/json').status).toBe('fail');
    expect(page(200, 'application/json', '{"status":').status).toBe('fail');
  });

  test('gives names and codes, and nothing else of what it holds', () => {
    const checks = {
      database: [{ status: 'pass' }, { status: 'fail', output: 'timeout: s3cret' }],
      loop: [{ status: 'pass', output: 's3cret' }],
      queue: [{ status: 'warn', output: 's3cret' }],
      's3cret in a name': [{ status: 'fail' }],
      odd: 's3cret',
      none: null,
    };
    const body = { status: 'fail', output: 'shutting_down', checks, notes: ['s3cret'] };
    expect(json(503, body).reasons).toEqual(['shutting_down', 'database timeout', 'queue']);
    const microprofile = [
      { name: 'a', status: 'DOWN', data: { code: 'refused' } },
      { name: 'b', status: 'UP', data: { code: 's3cret' } },
      { status: 'DOWN' },
      null,
    ];
    expect(json(503, { status: 'DOWN', checks: microprofile }).reasons).toEqual(['a refused']);
  });

  test('of any shape has a verdict', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 200, max: 599 }), (text, httpStatus) => {
        const { status, reasons } = page(httpStatus, 'application/health+json', text);
        expect(['pass', 'warn', 'fail']).toContain(status);
        expect(status === 'fail' && reasons.length === 0).toBe(false);
        expect(httpStatus >= 500 && status !== 'fail').toBe(false);
      }),
    );
    const odd = fc.record({
      status: fc.constant('fail'),
      output: fc.anything(),
      checks: fc.json(),
    });
    fc.assert(fc.property(odd, (body) => json(503, { ...body }).status === 'fail'));
  });
});

test('text and everything else is judged by HTTP; kube text says which checks fail', () => {
  expect(page(200, 'text/plain', 'ok').status).toBe('pass');
  expect(page(200, 'text/html', '').status).toBe('pass');
  expect(page(204, '', '').status).toBe('pass');
  expect(page(301, 'text/html', '').reasons).toEqual(['bad_response']);
  expect(page(401, 'text/html', '').reasons).toEqual(['auth']);
  expect(page(429, 'text/plain', '').reasons).toEqual(['rate_limited']);
  const text =
    '[+]ping ok\n[-]db failed: timeout: s3cret\n[-]etcd failed: reason withheld\nreadyz check failed\n';
  expect(page(500, 'text/plain', text)).toEqual({
    status: 'fail',
    reasons: ['db timeout', 'etcd'],
  });
});
