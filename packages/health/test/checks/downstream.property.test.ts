import fc from 'fast-check';
import { expect, test } from 'vitest';
import { downstream } from '../../src/checks/index.ts';
import { stateOf } from './state-of.ts';

const SERVES = /^(pass|ok|up|warn)$/i;

const word = fc.constantFrom('pass', 'OK', 'Up', 'warn', 'fail', 'DOWN', 'error', 'degraded', '');
const body = fc.oneof(
  fc.json(),
  fc.string(),
  fc
    .record({ status: fc.oneof(word, fc.jsonValue()), checks: fc.jsonValue() })
    .map((value) => JSON.stringify(value)),
);
const httpStatus = fc.constantFrom(200, 206, 301, 400, 404, 500, 503);

test('whatever comes, it passes only on a known status that HTTP does not contradict', async () => {
  await fc.assert(
    fc.asyncProperty(httpStatus, body, async (status, text) => {
      const fetch = () => Promise.resolve(new Response(text, { status }));
      const state = await stateOf(downstream({ url: 'http://a.test/', fetch, critical: true }));
      const isServing = status < 400 && SERVES.test(statusIn(text));
      expect(state.status).toBe(isServing ? 'pass' : 'fail');
      expect(state.code).toBe(isServing ? 'ok' : 'bad_response');
    }),
  );
});

function statusIn(text: string): string {
  try {
    const { status } = JSON.parse(text) as { status?: unknown };
    return typeof status === 'string' ? status : '';
  } catch {
    return '';
  }
}
