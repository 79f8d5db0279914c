import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lengthOf } from '../../src/html/moment.ts';
import { timeline } from '../../src/html/timeline.ts';
import type { Sample } from '../../src/index.ts';
import { outline } from './outline.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 2);

function sample(fromMinute: number, toMinute: number, status: Sample['status']): Sample {
  const at = (minute: number) => new Date(NOW + minute * MINUTE);
  return {
    from: at(fromMinute),
    to: at(toMinute),
    status,
    code: status === 'pass' ? 'ok' : 'error',
  };
}

const draw = (samples: readonly Sample[]) => outline(timeline('one', samples, NOW).markup);

test('of what falls together the worst is drawn', () => {
  const bars = draw([
    sample(-1_440, -100, 'pass'),
    sample(-100, -99, 'fail'),
    sample(-99, -98, 'warn'),
    sample(-98, 1, 'pass'),
  ])
    .filter(({ name }) => name === 'rect')
    .map(({ attributes: { class: status, x, width } }) => `${status} ${x}+${width}`);
  expect(bars).toEqual(['pass 0+89', 'fail 89+1', 'pass 90+6']);
});

test('what lies outside of the day is cut off', () => {
  const [, svg] = draw([sample(-5_000, -1_430, 'fail'), sample(-10, 50, 'pass')]);
  expect(svg?.attributes['aria-label']).toBe(
    'one, last 24 hours: failing 10 min, passing 10 min, no data 23 h 40 min',
  );
});

test('a day that changed every minute is drawn with a bar a quarter, and told by its end', () => {
  const samples = Array.from({ length: 1_440 }, (_, minute) =>
    sample(minute - 1_440, minute - 1_439, minute % 2 === 0 ? 'warn' : 'pass'),
  );
  const elements = draw(samples);
  expect(elements.filter(({ name }) => name === 'rect')).toHaveLength(1);
  expect(elements.filter(({ name }) => name === 'li')).toHaveLength(20);
});

test('bars lie within the picture, in their order, whatever the history', () => {
  const status = fc.constantFrom('pass' as const, 'warn' as const, 'fail' as const);
  const stretch = fc.tuple(
    fc.integer({ min: 1, max: 600 }),
    fc.integer({ min: 0, max: 60 }),
    status,
  );
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 1, maxLength: 40 }), (stretches) => {
      let minute = -1_600;
      const samples = stretches.map(([length, gap, shown]) => {
        const one = sample(minute, minute + length, shown);
        minute += length + gap;
        return one;
      });
      let end = 0;
      for (const { name, attributes } of draw(samples)) {
        if (name !== 'rect') continue;
        expect(Number(attributes['x'])).toBeGreaterThanOrEqual(end);
        end = Number(attributes['x']) + Number(attributes['width']);
      }
      expect(end).toBeLessThanOrEqual(96);
    }),
  );
});

test.each([
  [0, 'less than a minute'],
  [-5, 'less than a minute'],
  [59_999, 'less than a minute'],
  [60_000, '1 min'],
  [125 * MINUTE, '2 h 5 min'],
  [24 * 60 * MINUTE, '1 d'],
  [(24 * 60 + 5) * MINUTE, '1 d 5 min'],
  [(50 * 60 + 5) * MINUTE, '2 d 2 h'],
])('%i ms: %s', (ms, words) => {
  expect(lengthOf(ms)).toBe(words);
});
