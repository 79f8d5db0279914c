import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSeries } from '../../src/testing/simulate-notation.ts';

describe('readSeries', () => {
  // The examples of Prometheus' own documentation, and what follows from them.
  it.each([
    ['-2+4x3', [-2, 2, 6, 10]],
    ['1-2x4', [1, -1, -3, -5, -7]],
    ['1x4', [1, 1, 1, 1, 1]],
    ['1 _x3 stale', [1, undefined, undefined, undefined, undefined]],
    ['1+0x3', [1, 1, 1, 1]],
    ['0x0', [0]],
    ['0.5+0.5x2', [0.5, 1, 1.5]],
    ['  3 _ 4  ', [3, undefined, 4]],
    ['', []],
  ])('reads %s', (notation, steps) => {
    expect(readSeries(notation)).toEqual(steps);
  });

  it.each(['x', '1+2', '1+x3', '1x', 'xx', '_+1x2', '1,2', '1e5', 'NaN', '--1'])(
    'refuses %s, and names it',
    (notation) => {
      expect(() => readSeries(`1 ${notation}`)).toThrow(`Not a part of a series: ${notation}`);
    },
  );

  it('refuses what would fill the memory', () => {
    expect(() => readSeries('1x999999999')).toThrow('more than 100000 steps');
    expect(() => readSeries('1x60000 1x60000')).toThrow('more than 100000 steps');
    expect(() => readSeries('_x999999999')).toThrow('more than 100000 steps');
  });

  it('reads back what is written out', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(), { nil: undefined }), { maxLength: 50 }), (steps) => {
        const written = steps.map((step) => (step === undefined ? '_' : String(step))).join(' ');
        expect(readSeries(written)).toEqual(steps);
      }),
    );
  });
});
