import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ceilTo, floorTo, GRAINS } from '../../src/rollups/grain.ts';
import { count, defineRollup, quantile, sum } from '../../src/rollups/index.ts';
import { planRange } from '../../src/rollups/query/plan-range.ts';

const valid = {
  from: 'app.events',
  time: 'at',
  grain: 'hour',
  dimensions: ['kind', 'user'],
  measures: { n: count() },
  mode: 'append',
} as const;

describe('defineRollup', () => {
  it('fills in defaults, and sorts what has no order', () => {
    const rollup = defineRollup('events', { ...valid, grain: ['month', 'hour'] });
    expect(rollup).toMatchObject({
      grains: ['hour', 'month'],
      totals: [],
      where: {},
      xid: 'xid',
      rawRetentionMs: null,
    });
    expect(Object.isFrozen(rollup)).toBe(true);
  });

  it('hashes what stored rows depend on, and nothing else', () => {
    const { hash } = defineRollup('events', valid);
    const hashOf = (change: object): string => defineRollup('events', { ...valid, ...change }).hash;
    expect(hashOf({ rawRetention: '90d' })).toBe(hash);
    expect(hashOf({ grain: ['hour'] })).toBe(hash);
    expect(hashOf({ measures: { n: count('kind') } })).not.toBe(hash);
    expect(hashOf({ dimensions: ['kind'] })).not.toBe(hash);
    expect(hashOf({ where: { kind: 'a' } })).not.toBe(hash);
    expect(hashOf({ where: { kind: 1n } })).toBe(hashOf({ where: { kind: '1' } }));
  });

  it.each([
    [{ from: 'a.b.c' }, 'from'],
    [{ from: '' }, 'from'],
    [{ time: 'x'.repeat(64) }, 'time'],
    [{ grain: 'week' }, 'grain'],
    [{ grain: [] }, 'grain'],
    [{ dimensions: ['kind', 'kind'] }, 'there twice'],
    [{ dimensions: ['bucket'] }, 'bucket'],
    [{ totals: [['other']] }, 'not one of the dimensions'],
    [{ totals: [['kind', 'user']] }, 'kept anyway'],
    [{ totals: [['kind'], ['kind']] }, 'there twice'],
    [{ measures: {} }, 'one or more'],
    [{ measures: { kind: count() } }, 'another name'],
    [{ measures: { p: quantile('ms'), p_counts: sum('ms') } }, 'p_counts'],
    [{ measures: { p: quantile('ms', { accuracy: 0 }) } }, 'accuracy'],
    [{ measures: { p: quantile('ms', { at: ['p101'] }) } }, 'percentile'],
    [{ rawRetention: '5m' }, 'rawRetention'],
    [{ surprise: 1 }, 'surprise'],
  ])('refuses %j', (change, word) => {
    expect(() => defineRollup('events', { ...valid, ...change } as never)).toThrow(word);
  });

  it.each(['', 'Events', '1st', '_a', 'a-b', 'x'.repeat(41)])('refuses the name %j', (name) => {
    expect(() => defineRollup(name, valid)).toThrow('name');
  });
});

describe('planRange', () => {
  const moment = fc.integer({ min: Date.UTC(1999, 0), max: Date.UTC(2035, 0) });

  it('covers each range once, without a gap, with whole buckets and raw rows at the edges', () => {
    fc.assert(
      fc.property(
        moment,
        fc.integer({ min: 0, max: 200 * 86_400_000 }),
        fc.subarray([...GRAINS], { minLength: 1 }),
        fc.option(fc.constantFrom(...GRAINS), { nil: undefined }),
        (from, length, stored, grain) => {
          const to = from + length;
          const { segments, raw } = planRange({ from, to }, grain, stored);
          const spans = [...segments, ...raw].toSorted((a, b) => a.from - b.from);
          let at = from;
          for (const span of spans) {
            expect(span.from).toBe(at);
            expect(span.to).toBeGreaterThan(span.from);
            at = span.to;
          }
          expect(at).toBe(to);
          for (const segment of segments) {
            expect(floorTo(segment.grain, segment.from)).toBe(segment.from);
            expect(ceilTo(segment.grain, segment.to)).toBe(segment.to);
          }
          expect(raw.length).toBeLessThanOrEqual(2);
        },
      ),
    );
  });

  it('reads a year to the minute with few buckets of each grain', () => {
    const from = Date.UTC(2025, 0, 15, 10, 30);
    const to = Date.UTC(2026, 1, 3, 2, 5);
    const { segments, raw } = planRange({ from, to }, undefined, GRAINS);
    expect(segments.map(({ grain }) => grain)).toEqual(['hour', 'day', 'month', 'day', 'hour']);
    expect(raw).toEqual([
      { from, to: Date.UTC(2025, 0, 15, 11) },
      { from: Date.UTC(2026, 1, 3, 2), to },
    ]);
  });
});
