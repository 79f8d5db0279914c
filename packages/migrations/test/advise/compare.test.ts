import { describe, expect, test } from 'vitest';
import {
  type AdviceReport,
  compareMeasurements,
  type MeasuredIndex,
  type MeasuredQuery,
} from '../../src/advise/index.ts';
import { index, indexScan, measurement, query, reading, seqScan } from './measurements.ts';

const slow = query({ reading: reading([40, 41, 50, 41, 42], [seqScan]) });
const fast = query({ reading: reading([0.9, 0.8, 1, 5, 0.9], [indexScan]) });

function compare(
  before: MeasuredQuery,
  after: MeasuredQuery,
  state: MeasuredIndex['state'] = 'present',
  more: Partial<MeasuredIndex> = {},
): AdviceReport {
  return compareMeasurements(
    measurement({ queries: [before], indexes: [index({ state: 'absent' })] }),
    measurement({ queries: [after], indexes: [index({ state, ...more })] }),
  );
}

test('an index that could not be made makes no other one redundant', () => {
  const rival = index({ name: 't_u', state: 'failed', trouble: { message: 'duplicates' } });
  const { indexes } = compareMeasurements(
    measurement({ queries: [slow], indexes: [index({}), index({ name: 't_u' })] }),
    measurement({
      queries: [fast],
      indexes: [index({ state: 'built', redundantWith: 't_u' }), rival],
    }),
  );
  expect(indexes[0]).toMatchObject({ verdict: 'buys', speedsUp: ['q'] });
  expect(indexes[0]?.redundantWith).toBeUndefined();
});

describe('a query', () => {
  test('is judged by the median, which one slow run does not move', () => {
    const [advice] = compare(slow, fast).queries;
    expect(advice).toMatchObject({
      outcome: 'faster',
      before: { medianMs: 41, minMs: 40 },
      after: { medianMs: 0.9, minMs: 0.8 },
      changes: [{ table: 't', before: 'Seq Scan', after: 'Index Scan using t_a' }],
    });
    expect(advice?.ratio).toBeCloseTo(41 / 0.9, 10);
  });

  test('with an even number of runs has the mean of the two in the middle', () => {
    const even = query({ reading: reading([4, 1, 3, 2], [seqScan]) });
    expect(compare(even, even).queries[0]?.before?.medianMs).toBe(2.5);
  });

  test('that reads its tables as before is the same, whatever the times say', () => {
    const luckier = query({ reading: reading([10, 10, 10], [seqScan]) });
    expect(compare(slow, luckier).queries[0]).toMatchObject({ outcome: 'same', changes: [] });
  });

  test.each([
    [100, 91, 'same'],
    [100, 90, 'faster'],
    [91, 100, 'same'],
    [90, 100, 'slower'],
  ] as const)('%d ms, then %d ms with another plan: %s', (first, second, outcome) => {
    const before = query({ reading: reading([first], [seqScan]) });
    const after = query({ reading: reading([second], [indexScan]) });
    expect(compare(before, after).queries[0]?.outcome).toBe(outcome);
  });

  test.each([
    ['the first failed', query({ trouble: { message: 'no' } }), fast, 'no'],
    ['the second failed', slow, query({ trouble: { message: 'no' } }), 'no'],
    ['other values', slow, { ...fast, values: [2] }, 'its text or values differ'],
    ['another text', slow, { ...fast, text: 'select 2' }, 'its text or values differ'],
    ['another name', slow, { ...fast, name: 'other' }, 'it was not measured again'],
  ])('is not compared when there is a reason: %s', (_, before, after, message) => {
    const [advice] = compare(before, after).queries;
    expect(advice).toMatchObject({ outcome: 'unknown', changes: [] });
    expect(advice?.ratio).toBeUndefined();
    expect(advice?.trouble?.message).toContain(message);
  });

  test('times are not compared with estimates', () => {
    const planned = query({ reading: reading([], [indexScan]) });
    const report = compareMeasurements(
      measurement({ queries: [slow] }),
      measurement({ queries: [planned], basis: 'planned' }),
    );
    expect(report.queries[0]).toMatchObject({ outcome: 'unknown', ratio: undefined });
    expect(report.notes).toEqual([
      'One measurement has times and the other estimates; they are not compared.',
    ]);
  });

  test('values that JSON cannot keep are compared all the same', () => {
    const values = [10n];
    expect(compare({ ...slow, values }, { ...fast, values }).queries[0]?.outcome).toBe('faster');
  });
});

describe('an index', () => {
  const slower = query({ reading: reading([80], [indexScan]) });

  test.each([
    ['buys', 'present', fast, {}],
    ['buys', 'built', fast, {}],
    ['no-gain', 'present', slower, {}],
    ['unused', 'present', slow, {}],
    ['redundant', 'present', fast, { redundantWith: 'other' }],
    ['redundant', 'absent', slow, { redundantWith: 'other' }],
    ['not-measured', 'absent', slow, {}],
    ['not-measured', 'failed', fast, { trouble: { message: 'no' } }],
    ['not-applicable', 'not-applicable', slow, {}],
  ] as const)('%s: %s', (verdict, state, after, more) => {
    expect(compare(slow, after, state, more).indexes[0]?.verdict).toBe(verdict);
  });

  test('that was there before is not credited with anything', () => {
    const there = [index({ state: 'present' })];
    const report = compareMeasurements(
      measurement({ queries: [slow], indexes: there }),
      measurement({ queries: [fast], indexes: there }),
    );
    expect(report.indexes[0]).toMatchObject({
      verdict: 'present',
      usedBy: ['q'],
      speedsUp: [],
    });
  });

  test('of the same name in another schema is another index', () => {
    const report = compare(slow, fast, 'present', { schema: 'other' });
    expect(report.indexes[0]).toMatchObject({ verdict: 'present', usedBy: [] });
  });
});

test('another database and server are told', () => {
  const report = compareMeasurements(
    measurement({ notes: ['one'] }),
    measurement({ database: 'copy', serverVersion: '15.18', notes: ['one', 'two'] }),
  );
  expect(report.notes).toEqual([
    'one',
    'two',
    'Another database: before app, after copy.',
    'Another server version: before 18.4, after 15.18.',
  ]);
});
