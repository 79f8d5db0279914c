import { describe, expect, it } from 'vitest';
import { classifyHttp } from '../../src/fetch/index.ts';
import {
  BulkheadFullError,
  CircuitOpenError,
  type Context,
  noDeadline,
  TimeoutError,
} from '../../src/index.ts';
import { cut, refusedUrl, serve } from './serve.ts';

const NOW = Date.UTC(2026, 10, 23);
const context: Context = {
  signal: new AbortController().signal,
  attempt: 1,
  deadline: noDeadline,
  key: '',
  idempotent: undefined,
};
const ofError = (error: unknown): string => classifyHttp({ ok: false, error }, context).kind;
const ofStatus = (status: number, headers: Record<string, string> = {}): object =>
  classifyHttp({ ok: true, value: new Response(null, { status, headers }) }, context, NOW);
const coded = (code: string, more: object = {}): Error =>
  Object.assign(new Error(code), { code, ...more });
const failed = (cause: unknown): TypeError => new TypeError('fetch failed', { cause });

describe('responses', () => {
  it.each([200, 204, 304, 400, 401, 402, 403, 404, 409, 422, 423, 430])('%i works', (status) => {
    expect(ofStatus(status)).toEqual({ kind: 'success' });
  });
  it.each([501, 505, 508, 510, 511])('%i is final', (status) => {
    expect(ofStatus(status)).toEqual({ kind: 'failure' });
  });
  it.each([408, 500, 502, 503, 504, 507, 520, 599])('%i may have been done', (status) => {
    expect(ofStatus(status)).toEqual({ kind: 'ambiguous', afterMs: undefined });
  });
  it.each([425, 429])('%i was not done', (status) => {
    expect(ofStatus(status)).toEqual({ kind: 'rejected', afterMs: undefined });
    expect(ofStatus(status, { 'retry-after': '2.0' })).toMatchObject({ afterMs: 2_000 });
  });
  it('503 was not done when it tells when to come back', () => {
    const date = new Date(NOW + 5_000).toUTCString();
    expect(ofStatus(503, { 'retry-after': date })).toEqual({ kind: 'rejected', afterMs: 5_000 });
    expect(ofStatus(502, { 'retry-after': date })).toEqual({ kind: 'ambiguous', afterMs: 5_000 });
    expect(ofStatus(429, { ratelimit: '"a";r=0;t=9' })).toMatchObject({ afterMs: 9_000 });
  });
  it('503 may have been done when it tells of a rate limit alone', () => {
    const headers = { 'x-ratelimit-reset': '9' };
    expect(ofStatus(503, headers)).toEqual({ kind: 'ambiguous', afterMs: 9_000 });
    expect(ofStatus(503, { ...headers, 'retry-after': '?' })).toMatchObject({ kind: 'ambiguous' });
  });
  it('takes any other value for a success', () => {
    for (const value of [undefined, null, 7, { status: 500 }]) {
      expect(classifyHttp({ ok: true, value }, context)).toEqual({ kind: 'success' });
    }
  });
});

describe('rejections', () => {
  it.each([
    ['ENOTFOUND', 'not-sent'],
    ['EAI_AGAIN', 'not-sent'],
    ['ECONNREFUSED', 'not-sent'],
    ['UND_ERR_CONNECT_TIMEOUT', 'not-sent'],
    ['ECONNRESET', 'ambiguous'],
    ['EPIPE', 'ambiguous'],
    ['UND_ERR_SOCKET', 'ambiguous'],
    ['UND_ERR_HEADERS_TIMEOUT', 'ambiguous'],
    ['UND_ERR_BODY_TIMEOUT', 'ambiguous'],
    ['HPE_INVALID_CONSTANT', 'ambiguous'],
    ['CERT_HAS_EXPIRED', 'failure'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'failure'],
    ['ERR_INVALID_URL', 'ignore'],
  ])('%s is %s, however deep', (code, kind) => {
    expect(ofError(coded(code))).toBe(kind);
    expect(ofError(failed(coded(code)))).toBe(kind);
    expect(ofError(new Error('outer', { cause: failed(coded(code)) }))).toBe(kind);
  });

  it('a timeout or reset while connecting was not sent', () => {
    expect(ofError(failed(coded('ETIMEDOUT', { syscall: 'connect' })))).toBe('not-sent');
    expect(ofError(failed(coded('ECONNRESET', { syscall: 'connect' })))).toBe('not-sent');
    expect(ofError(failed(coded('ETIMEDOUT', { syscall: 'read' })))).toBe('ambiguous');
  });

  it('several addresses: not sent only if none got through', () => {
    const refused = coded('ECONNREFUSED');
    const reset = coded('ECONNRESET', { syscall: 'read' });
    expect(ofError(failed(new AggregateError([refused, refused])))).toBe('not-sent');
    expect(ofError(failed(new AggregateError([refused, reset])))).toBe('ambiguous');
    expect(ofError(failed(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })))).toBe(
      'not-sent',
    );
  });

  it.each(['Failed to fetch', 'Load failed', 'terminated'])('%s, without a code', (message) => {
    expect(ofError(new TypeError(message))).toBe('ambiguous');
    expect(ofError(new Error(message, { cause: 1 }))).toBe('ambiguous'); // not known to be a bug
  });

  it('limits of time, and being turned away here', () => {
    expect(ofError(new TimeoutError('attempt', 10))).toBe('ambiguous');
    expect(ofError(new TimeoutError('queue', 10))).toBe('not-sent');
    expect(ofError(new BulkheadFullError('', 1, 0))).toBe('not-sent');
    expect(classifyHttp({ ok: false, error: new CircuitOpenError('', 70) }, context)).toEqual({
      kind: 'not-sent',
      afterMs: 70,
    });
  });

  it('bugs and aborts count for nobody', () => {
    expect(ofError(new TypeError('x is not a function'))).toBe('ignore');
    expect(ofError(new DOMException('stop', 'AbortError'))).toBe('ignore');
  });

  it('hostile chains of causes come to an end', () => {
    const loop = new Error('a');
    loop.cause = new Error('b', { cause: loop });
    const list = new AggregateError([]);
    list.errors.push(list, list, list);
    expect(ofError(loop)).toBe('ambiguous');
    expect(ofError(list)).toBe('ambiguous');
    for (const thrown of [undefined, null, 'text', 5, Symbol('s'), {}, () => {}]) {
      expect(ofError(thrown)).toBe('ambiguous');
    }
  });

  it('what fetch really throws', async () => {
    const of = async (url: string, init?: RequestInit): Promise<string> =>
      fetch(url, init).then(() => 'no error', ofError);
    expect(await of(await refusedUrl())).toBe('not-sent');
    expect(await of('http://nowhere.invalid/')).toBe('not-sent');
    expect(await of(await serve(cut('before')))).toBe('ambiguous');
    expect(await of('http://127.0.0.1:1/')).toBe('ignore'); // bad port
    expect(await of('gopher://127.0.0.1/')).toBe('ignore'); // unknown scheme
    expect(await of('not a url')).toBe('ignore');
    expect(await of('http://127.0.0.1/', { headers: { 'bad name': 'x' } })).toBe('ignore');
    const body = await fetch(await serve(cut('body')));
    expect(await body.text().catch(ofError)).toBe('ambiguous');
  });

  it('a server that is none of TLS', async () => {
    const plain = await serve(() => {});
    const error = await fetch(plain.replace('http:', 'https:')).catch((reason: unknown) => reason);
    expect(['failure', 'ambiguous']).toContain(ofError(error));
  });
});
