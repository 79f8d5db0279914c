import { TimeoutError } from '@ops/timeout';
import { expect, test } from 'vitest';
import { classifyError } from '../src/classify-error.ts';
import { CheckFailedError } from '../src/index.ts';

const coded = (code: string, cause?: unknown) => Object.assign(new Error('x', { cause }), { code });
const endless = new Error('x');
endless.cause = endless;

test.each([
  [coded('ECONNREFUSED'), 'refused'],
  [coded('ECONNRESET'), 'refused'],
  [coded('ENOENT'), 'error'],
  [coded('ENOTFOUND'), 'dns'],
  [coded('EAI_AGAIN'), 'dns'],
  [coded('ETIMEDOUT'), 'timeout'],
  [coded('UND_ERR_CONNECT_TIMEOUT'), 'timeout'],
  [coded('CERT_HAS_EXPIRED'), 'tls'],
  [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'],
  [coded('HPE_INVALID_CONSTANT'), 'bad_response'],
  [Object.assign(new Error('x'), { name: 'HTTPParserError' }), 'bad_response'],
  [coded('UND_ERR_HEADERS_OVERFLOW'), 'bad_response'],
  [coded('Z_DATA_ERROR'), 'bad_response'],
  [coded('ERR__ERROR_FORMAT_PADDING_1'), 'bad_response'],
  [coded('ZSTD_error_prefix_unknown'), 'bad_response'],
  [new TimeoutError('total', 5), 'timeout'],
  [new DOMException('x', 'TimeoutError'), 'timeout'],
  [new CheckFailedError('saturated', 'full'), 'saturated'],
  [new TypeError('fetch failed', { cause: coded('ENOTFOUND') }), 'dns'],
  [new TypeError('x', { cause: new AggregateError([coded('ECONNREFUSED')]) }), 'refused'],
  [{ code: 'ERR_OPS_CHECK_FAILED', outcome: 'ok' }, 'error'],
  [{ code: 'ERR_OPS_CHECK_FAILED', outcome: 'canary' }, 'error'],
  [new Error('anything'), 'error'],
  [endless, 'error'],
  ['ECONNREFUSED', 'error'],
  [null, 'error'],
])('%o', (error, code) => {
  expect(classifyError(error)).toBe(code);
});
