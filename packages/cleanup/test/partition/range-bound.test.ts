import { describe, expect, test } from 'vitest';
import { upperBoundIn } from '../../src/partition/range-bound.ts';

describe('the upper bound of a partition', () => {
  test.each([
    [`FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`, '2026-02-01', false],
    [`FOR VALUES FROM (MINVALUE) TO ('2026-02-01 00:00:00+00')`, '2026-02-01 00:00:00+00', false],
    [`FOR VALUES FROM ('a') TO (MAXVALUE)`, undefined, false],
    [`FOR VALUES FROM ('a', 1) TO ('b', MINVALUE)`, 'b', false],
    [`FOR VALUES FROM ('a', 1) TO ('b', 2)`, 'b', true],
    [`FOR VALUES FROM ('a', 1) TO ('b', 'MINVALUE')`, 'b', true],
    [`FOR VALUES FROM ('a', 1) TO ('b', MAXVALUE, MAXVALUE)`, 'b', true],
    [`FOR VALUES FROM ('it''s) TO (''x''', -1.5) TO ('o'', (', E'\\\\ TO (')`, `o', (`, true],
    [`FOR VALUES FROM ('0044-03-15 BC') TO ('infinity')`, 'infinity', false],
  ])('%s', (bound, value, isInclusive) => {
    expect(upperBoundIn(bound)).toEqual({ value, isInclusive });
  });

  test.each([
    'DEFAULT',
    '',
    `FOR VALUES IN ('a', 'b')`,
    'FOR VALUES WITH (modulus 2, remainder 1)',
    `FOR VALUES FROM ('a') TO ('b`,
    `FOR VALUES FROM ('a')`,
  ])('is none in %s', (bound) => {
    expect(upperBoundIn(bound)).toBeUndefined();
  });
});
