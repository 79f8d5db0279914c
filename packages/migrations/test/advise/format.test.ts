import { expect, test } from 'vitest';
import { type AdviceReport, compareMeasurements, formatAdvice } from '../../src/advise/index.ts';
import { index, indexScan, measurement, query, reading, seqScan } from './measurements.ts';

const before = measurement({
  queries: [
    query({ name: 'workflow list', reading: reading([41.2, 40.1, 43], [seqScan]) }),
    query({ name: 'backwards', reading: reading([1], [seqScan]) }),
    query({ name: 'unchanged', reading: reading([2_345.6], [seqScan]) }),
    query({ name: 'broken', trouble: { message: 'no\n\u001b[31msuch table', sqlstate: '42P01' } }),
  ],
  indexes: [index({ state: 'absent' }), index({ name: 'gone' })],
});
const after = measurement({
  queries: [
    query({ name: 'workflow list', reading: reading([0.9, 0.85, 0.95], [indexScan]) }),
    query({ name: 'backwards', reading: reading([2], [indexScan]) }),
    query({ name: 'unchanged', reading: reading([2_300], [seqScan]) }),
    query({ name: 'broken', trouble: { message: 'no' } }),
  ],
  indexes: [
    index({ state: 'built', bytes: 11_234_000, buildMs: 340 }),
    index({ name: 'gone', state: 'absent' }),
  ],
  notes: ['Something was not known.'],
});

test('shows times, ratios, sizes and a sentence for each query', () => {
  const report: AdviceReport = { ...compareMeasurements(before, after), method: 'build' };
  expect(formatAdvice(report)).toBe(
    [
      'Database app, PostgreSQL 18.4',
      'Measured: the absent indexes were built and rolled back. Medians of warm runs (fastest).',
      '',
      'query          before            after             ratio',
      'workflow list  41.2 ms (40.1)    0.900 ms (0.850)  46 ×',
      'backwards      1.00 ms (1.00)    2.00 ms (2.00)    0.50 ×',
      'unchanged      2,346 ms (2,346)  2,300 ms (2,300)  same',
      'broken                                             not measured',
      '',
      'index  size   built in  verdict',
      't_a    11 MB  340 ms    buys: workflow list',
      'gone                    not measured: it is not there',
      '',
      'workflow list: 41.2 ms → 0.900 ms (46 ×)',
      '  t: Seq Scan → Index Scan using t_a',
      'backwards: 1.00 ms → 2.00 ms (2.0 × slower)',
      '  t: Seq Scan → Index Scan using t_a',
      'unchanged: the plan is the same (2,346 ms → 2,300 ms)',
      'broken: not measured: no [31msuch table',
      '',
      'Note: Something was not known.',
      '',
    ].join('\n'),
  );
});

test('an estimate is called one, and no time stands anywhere', () => {
  const planned = (cost: number, scan: typeof seqScan) =>
    query({ name: 'list', reading: { cost, samplesMs: [], scans: [scan] } });
  const report = compareMeasurements(
    measurement({ basis: 'planned', queries: [planned(12_503.4, seqScan)], indexes: [index({})] }),
    measurement({
      basis: 'planned',
      queries: [planned(9.2, indexScan)],
      indexes: [index({ state: 'hypothetical', bytes: 8_192 })],
    }),
  );
  expect(formatAdvice({ ...report, method: 'hypothetical' })).toBe(
    [
      'Database app, PostgreSQL 18.4',
      'Estimated by the planner with hypothetical indexes: costs, not times. Nothing was run or built.',
      '',
      'query  cost before  cost after  ratio',
      'list   12,503       9           1,359 ×',
      '',
      'index  size    verdict',
      't_a    ≈ 8 kB  may help: list',
      '',
      'list: estimated cost 12,503 → 9 (1,359 ×)',
      '  t: Seq Scan → Index Scan using t_a',
      '',
    ].join('\n'),
  );
});
