import { describe, expect, it } from 'vitest';
import type { RuleEvent } from '../../src/rule.ts';
import { spike } from '../../src/rules/spike.ts';
import type { SpikeOptions } from '../../src/rules/spike-options.ts';
import { beatAt, errorAt, outcomeAt, refusalOf } from './rule-events.ts';

const base = { over: 3, within: '1h' } as const;

function keyOf(options: Partial<SpikeOptions>, event: RuleEvent): string | undefined {
  return spike({ ...base, ...options }).keyOf(event, 'errorSpike');
}

function messageOf(options: object): string {
  return refusalOf(() => spike({ ...base, ...options })).message;
}

describe('where', () => {
  const pay = errorAt(0, 1, { route: '/pay', integration: 'shopify' });
  const cart = errorAt(0, 1, { route: '/cart' });

  it('takes all events where it is left out, and only those of the rule’s kind', () => {
    expect(keyOf({}, pay)).toBe('');
    expect(keyOf({}, outcomeAt(0, false))).toBeUndefined();
    expect(keyOf({}, beatAt(0))).toBeUndefined();
  });

  it('takes events whose labels all have one of the values', () => {
    expect(keyOf({ where: { route: '/pay' } }, pay)).toBe('');
    expect(keyOf({ where: { route: '/pay' } }, cart)).toBeUndefined();
    expect(keyOf({ where: { route: ['/pay', '/cart'] } }, cart)).toBe('');
    expect(keyOf({ where: { route: '/pay', integration: 'wave' } }, pay)).toBeUndefined();
    expect(keyOf({ where: { toString: 'x' } }, cart)).toBeUndefined();
  });

  it('takes a fingerprint too, and says that it needs it', () => {
    const rule = spike({ ...base, where: { fingerprint: 'abc' } });
    expect(rule.needsFingerprints).toBe(true);
    const event: RuleEvent = { type: 'error', atMs: 0, count: 1, labels: {}, fingerprint: 'abc' };
    expect(rule.keyOf(event, 'x')).toBe('');
    expect(rule.keyOf(cart, 'x')).toBeUndefined();
  });

  it('is a label of the alerts where it is one value', () => {
    const rule = spike({ ...base, where: { route: '/pay', integration: ['a', 'b'] } });
    expect(rule.labelsOf('')).toEqual({ route: '/pay' });
  });
});

describe('by', () => {
  it('makes a series for each value, with the value as a label; what has none is not counted', () => {
    const rule = spike({ ...base, by: 'integration', where: { route: '/pay' }, maxSeries: 7 });
    const at = (labels: Record<string, string>) => rule.keyOf(errorAt(0, 1, labels), 'x');
    expect(at({ route: '/pay', integration: 'shopify' })).toBe('shopify');
    expect(at({ route: '/pay', integration: '' })).toBeUndefined();
    expect(at({ route: '/pay' })).toBeUndefined();
    expect(rule.maxSeriesCount).toBe(7);
    expect(rule.labelsOf('shopify')).toEqual({ route: '/pay', integration: 'shopify' });
    expect(spike({ ...base, by: 'route' }).maxSeriesCount).toBe(100);
  });

  it('can be a label that objects have anyway', () => {
    expect(keyOf({ by: 'constructor' }, errorAt(0))).toBeUndefined();
    expect(keyOf({ by: 'constructor' }, errorAt(0, 1, { constructor: 'x' }))).toBe('x');
    expect(Object.keys(spike({ ...base, by: '__proto__' }).labelsOf('x'))).toEqual(['__proto__']);
  });
});

describe('common options', () => {
  it('are handed on', () => {
    const rule = spike({ ...base, for: '2m', keepFiringFor: 0, runbook: 'https://wiki/spike' });
    expect(rule).toMatchObject({
      forMs: 120_000,
      keepFiringForMs: 0,
      runbook: 'https://wiki/spike',
    });
  });

  it.each([
    [{ for: '-1s' }, "for: expected a duration ('250ms', '5s', '90d', or milliseconds)"],
    [{ keepFiringFor: 'x' }, 'keepFiringFor: expected a duration'],
    [{ runbook: '' }, 'runbook: expected a text of 1 to 2000 characters'],
    [{ where: {} }, 'where: expected at least one label'],
    [{ where: { route: [] } }, 'where.route: expected a text of 1 to 100 characters, or a list'],
    [{ where: { route: 'x'.repeat(101) } }, 'where.route: expected a text of 1 to 100 characters'],
    [{ by: 'severity' }, "by: expected another label than 'rule' and 'severity'"],
    [{ by: '' }, 'by: expected a text of 1 to 100 characters'],
    [{ maxSeries: 0 }, 'maxSeries: expected a whole number from 1 to 10000, got 0'],
  ])('refuse %j', (options, message) => {
    expect(messageOf(options)).toContain(message);
  });
});
