import { describe, expect, test } from 'vitest';
import { type CheckContext, createHealth, type Outcome } from '../../src/index.ts';
import { manualClock } from '../manual-clock.ts';

const later = (clock: ReturnType<typeof manualClock>, ms: number) =>
  new Promise<void>((resolve) => void clock.setTimeout(resolve, ms));
const circular: Record<string, unknown> = { status: 'pass' };
circular['value'] = circular;

type Run = (clock: ReturnType<typeof manualClock>, context: CheckContext) => unknown;

const CHECKS: Record<string, readonly [Run, code: string]> = {
  fast: [() => undefined, 'ok'],
  'two seconds': [(clock) => later(clock, 2_000), 'timeout'],
  never: [() => new Promise(() => {}), 'timeout'],
  'throws at once': [
    () => {
      throw new Error('<script>alert(1)</script>');
    },
    'error',
  ],
  rejects: [() => Promise.reject(new Error('line\r\n[+]forged ok')), 'error'],
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a check may do it
  'rejects with no error': [() => Promise.reject(null), 'error'],
  'throws after the limit': [
    async (clock) => {
      await later(clock, 2_000);
      throw new Error('too late');
    },
    'timeout',
  ],
  'invalid result': [() => ({ status: 'UP' }), 'invalid_result'],
  'huge output': [() => ({ value: 'x'.repeat(5_000_000) }), 'invalid_result'],
  'huge error': [
    () => {
      throw new Error('x '.repeat(5_000_000));
    },
    'error',
  ],
  'circular data': [() => circular, 'invalid_result'],
};
const PATHS = ['/health', '/readyz', '/readyz/odd', '/health/ui', '/health/metrics'];
const ACCEPTS = ['application/health+json', 'application/json', 'text/plain', 'text/html'];
const METHODS = ['GET', 'HEAD', 'POST'] as const;

/** What is wrong with an answer. */
function faultsOf(request: Request, response: Response, body: string, code: string): string[] {
  const { pathname } = new URL(request.url);
  const { method } = request;
  const type = response.headers.get('content-type') ?? '';
  const isKept = response.headers.has('etag');
  const probed = code === 'ok' ? [200, isKept ? 304 : 200] : [503];
  const statuses = pathname === '/health/metrics' ? [200] : probed;
  const isRead = method === 'GET' && response.status !== 304;
  const parsed =
    isRead && type.endsWith('json') ? (JSON.parse(body) as { status: string }) : undefined;
  const rules: Record<string, boolean> = {
    'its status': (method === 'POST' ? [405] : statuses).includes(response.status),
    'a tag while failing': !(isKept && code !== 'ok'),
    'a body': isRead || method === 'POST' || body === '',
    'its size': body.length < 12_000,
    'its JSON': parsed === undefined || parsed.status === (code === 'ok' ? 'pass' : 'fail'),
    'its code': parsed === undefined || code === 'ok' || body.includes(code),
    'a script': !/<script/i.test(body) || !type.includes('html'),
    'a forged line': !/^\[\+\]forged/m.test(body),
  };
  const where = `${method} ${pathname} as ${request.headers.get('accept')}: ${response.status}`;
  return Object.entries(rules).flatMap(([rule, isKeptTo]) =>
    isKeptTo ? [] : [`${where}, ${rule}`],
  );
}

const ASKED = PATHS.flatMap((path) =>
  ACCEPTS.flatMap((accept) => METHODS.map((method) => ({ path, accept, method }))),
);

describe.each([false, true])('details %s', (details) => {
  test.each(Object.entries(CHECKS))('%s', async (_, [run, code]) => {
    const clock = manualClock();
    const checks = { odd: (context: CheckContext) => run(clock, context) as Outcome };
    const health = createHealth({ checks, details, clock });
    const faults: string[] = [];
    const settled = (async () => {
      for (const { path, accept, method } of ASKED) {
        const headers = { accept, 'if-none-match': '*' };
        const request = new Request(`http://localhost${path}`, { method, headers });
        const response = await health.fetch(request);
        faults.push(...faultsOf(request, response, await response.text(), code));
      }
      return faults;
    })();
    await clock.advance(1_000);
    expect(await settled).toEqual([]);
    await health.stop();
    await clock.advance(2_000);
    expect(clock.timerCount).toBe(0);
  });
});
