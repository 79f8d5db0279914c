import { expect, test } from 'vitest';
import { readPlan } from '../../src/advise/plan.ts';

const none = new Map<string, string>();

test('finds every table, through joins, bitmaps and parallel workers', () => {
  const bitmapIndex = (name: string) => ({ 'Node Type': 'Bitmap Index Scan', 'Index Name': name });
  const output = [
    {
      'Execution Time': 1.5,
      Plan: {
        'Node Type': 'Hash Join',
        'Total Cost': 12.5,
        'Shared Hit Blocks': 3,
        'Shared Read Blocks': 2,
        'Shared Dirtied Blocks': 9,
        'Temp Read Blocks': 1,
        Plans: [
          { 'Node Type': 'Seq Scan', 'Parallel Aware': true, Schema: 'a', 'Relation Name': 't' },
          {
            'Node Type': 'Bitmap Heap Scan',
            Schema: 'a',
            'Relation Name': 'u',
            Plans: [
              { 'Node Type': 'BitmapAnd', Plans: [bitmapIndex('u_1'), bitmapIndex('<7>btree_u')] },
            ],
          },
        ],
      },
    },
  ];
  expect(readPlan(output, new Map([['<7>btree_u', 'u_2']]))).toEqual({
    cost: 12.5,
    executionMs: 1.5,
    pages: 6,
    scans: [
      { node: 'Parallel Seq Scan', schema: 'a', table: 't', indexes: [] },
      { node: 'Bitmap Heap Scan', schema: 'a', table: 'u', indexes: ['u_1', 'u_2'] },
    ],
  });
});

test('a plan that was not run has neither time nor pages; one without tables has no scans', () => {
  const output = [{ Plan: { 'Node Type': 'Result', 'Total Cost': 0.01 } }];
  expect(readPlan(output, none)).toEqual({
    cost: 0.01,
    executionMs: undefined,
    pages: undefined,
    scans: [],
  });
});
