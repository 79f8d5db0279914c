import { expect, it } from 'vitest';
import {
  BulkheadFullError,
  CircuitOpenError,
  type Context,
  classifyError,
  noDeadline,
  TimeoutError,
} from '../src/index.ts';

const context: Context = {
  signal: new AbortController().signal,
  attempt: 1,
  deadline: noDeadline,
  key: '',
  idempotent: undefined,
};
const coded = (code: string): Error => Object.assign(new Error('network'), { code });

it.each<[string, unknown, object]>([
  ['refused', coded('ECONNREFUSED'), { kind: 'not-sent' }],
  [
    'no such host, under fetch',
    new TypeError('x', { cause: coded('ENOTFOUND') }),
    { kind: 'not-sent' },
  ],
  ['reset', coded('ECONNRESET'), { kind: 'ambiguous' }],
  [
    'reset, under fetch',
    new TypeError('x', { cause: coded('UND_ERR_SOCKET') }),
    { kind: 'ambiguous' },
  ],
  ['circuit open', new CircuitOpenError('', 70), { kind: 'not-sent', afterMs: 70 }],
  ['bulkhead full', new BulkheadFullError('', 1, 1), { kind: 'not-sent' }],
  ['queue timeout', new TimeoutError('queue', 5), { kind: 'not-sent' }],
  ['attempt timeout', new TimeoutError('attempt', 5), { kind: 'ambiguous' }],
  ['a bug', new TypeError('x is not a function'), { kind: 'ignore' }],
  ['an abort of its own', new DOMException('x', 'AbortError'), { kind: 'ignore' }],
  ['nothing', undefined, { kind: 'ambiguous' }],
  ['null', null, { kind: 'ambiguous' }],
  ['text', 'down', { kind: 'ambiguous' }],
  ['a bare object', Object.create(null), { kind: 'ambiguous' }],
  [
    'a code that is no text',
    Object.assign(new Error('x'), { code: Object.create(null) }),
    { kind: 'ambiguous' },
  ],
])('judges an error: %s', (_name, error, verdict) => {
  expect(classifyError({ ok: false, error }, context)).toEqual(verdict);
});

it('takes every value for a success', () => {
  expect(classifyError({ ok: true, value: { status: 503 } }, context)).toEqual({ kind: 'success' });
});
