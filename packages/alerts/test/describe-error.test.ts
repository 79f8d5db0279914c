import { describe, expect, it } from 'vitest';
import { describeError } from '../src/describe-error.ts';

describe('describeError', () => {
  it('names and tells, within 1,000 characters', () => {
    expect(describeError(new TypeError('no'))).toBe('TypeError: no');
    expect(describeError('text')).toBe('text');
    expect(describeError({ message: 'bare' })).toBe('bare');
    expect(describeError(undefined)).toBe('undefined was thrown');
    expect(describeError(new Error('x'.repeat(5_000))).length).toBeLessThanOrEqual(1_010);
  });

  it('tells the cause of what only wraps, one level deep', () => {
    const refused = new Error('connect ECONNREFUSED 10.0.0.1:443', { cause: new Error('deeper') });
    expect(describeError(new TypeError('fetch failed', { cause: refused }))).toBe(
      'TypeError: fetch failed (Error: connect ECONNREFUSED 10.0.0.1:443)',
    );
    expect(describeError(new Error('no', { cause: 'tired' }))).toBe('Error: no (tired)');
    const hostile = Object.defineProperty(new Error('no'), 'cause', {
      get() {
        throw new Error('gotcha');
      },
    });
    expect(describeError(hostile)).toBe('Error: no');
  });

  it('takes the code where there is no message', () => {
    const error = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(describeError(error)).toBe('AggregateError: ECONNREFUSED');
  });

  it('cuts between words, so that no half of a secret escapes recognition', () => {
    const text = describeError(`${'a '.repeat(490)}password=hunter2-and-more`);
    expect(text).not.toContain('hunter2');
    expect(text.endsWith('a …')).toBe(true);
  });
});
