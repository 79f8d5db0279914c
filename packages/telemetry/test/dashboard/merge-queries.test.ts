import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MergeableQuery, mergeQueries } from '../../src/dashboard/merge-queries.ts';

interface Query extends MergeableQuery {
  readonly from?: number;
}
type Row = Readonly<Record<string, unknown>>;

const TABLE: readonly Row[] = ['a', 'b', 'c', 'd'].flatMap((id) =>
  ['ok', 'failed'].flatMap((status) =>
    [1, 2].map((org) => ({ id, status, org, n: id.charCodeAt(0) * org + status.length })),
  ),
);

/** What a rollup would answer. */
function answer({ where = {}, groupBy = Object.keys(where), from = 0 }: Query): readonly Row[] {
  const groups = new Map<string, Record<string, unknown> & { n: number }>();
  for (const row of TABLE) {
    const fits = Object.entries(where).every(([name, value]) => [value].flat().includes(row[name]));
    if (!fits) continue;
    const dimensions = Object.fromEntries(groupBy.map((name) => [name, row[name]]));
    const key = JSON.stringify(dimensions);
    const group = groups.get(key) ?? { ...dimensions, n: from };
    group.n += row['n'] as number;
    groups.set(key, group);
  }
  return [...groups.values()];
}

function answerMerged(queries: readonly Query[]): readonly (readonly Row[])[] {
  const answers: (readonly Row[])[] = [];
  for (const { query, members, split } of mergeQueries(queries)) {
    const parts = split(answer(query));
    members.forEach((member, place) => {
      answers[member] = parts?.[place] ?? answer(queries[member] as Query);
    });
  }
  return answers;
}

const anyQuery: fc.Arbitrary<Query> = fc.record(
  {
    rollup: fc.constantFrom('executions', 'errors'),
    from: fc.constantFrom(0, 1),
    where: fc.record(
      {
        id: fc.oneof(fc.constantFrom('a', 'b', 'c', 'x', 'A'), fc.constant(['a', 'b'])),
        status: fc.constantFrom('ok', 'failed', null),
        org: fc.constantFrom(1, 2, 3),
      },
      { requiredKeys: [] },
    ),
    groupBy: fc.uniqueArray(fc.constantFrom('id', 'status', 'org')),
  },
  { requiredKeys: ['rollup'] },
);

describe('mergeQueries', () => {
  it('answers every query as if it had been asked alone', () => {
    const byText = (rows: readonly Row[]): readonly string[] =>
      rows
        .map((row) =>
          Object.entries(row)
            .map(([name, value]) => `${name}=${String(value)}`)
            .toSorted()
            .join(),
        )
        .toSorted();
    fc.assert(
      fc.property(fc.array(anyQuery, { maxLength: 12 }), (queries) => {
        const alone = queries.map((query) => byText(answer(query)));
        expect(answerMerged(queries).map(byText)).toEqual(alone);
        const members = mergeQueries(queries).flatMap((each) => each.members);
        expect(members.toSorted((one, other) => one - other)).toEqual([...queries.keys()]);
      }),
      { numRuns: 500 },
    );
  });

  it('makes one of those that differ in one value', () => {
    const queries = ['a', 'b', 'c'].map((id) => ({ rollup: 'r', where: { id, status: 'ok' } }));
    const [merged, ...others] = mergeQueries(queries);
    expect(others).toEqual([]);
    expect(merged?.query).toEqual({
      rollup: 'r',
      where: { id: ['a', 'b', 'c'], status: 'ok' },
      groupBy: ['id', 'status'],
    });
  });

  it('leaves alone what need not read as it was written', () => {
    for (const values of [
      ['a b', 'c d'],
      [1.5, 2.5],
      [new Date(0), new Date(1)],
      [null, null],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ]) {
      const queries = values.map((id) => ({ rollup: 'r', where: { id } }));
      expect(mergeQueries(queries)).toHaveLength(2);
    }
  });

  it('leaves alone what has a limit of its own', () => {
    const queries = ['a', 'b'].map((id) => ({
      rollup: 'r',
      where: { id },
      top: { by: 'n', limit: 3 },
    }));
    expect(mergeQueries(queries)).toHaveLength(2);
  });

  it('does not put values together that the database may take for one', () => {
    const queries = ['Ann', 'ann', 'bob'].map((id) => ({ rollup: 'r', where: { id } }));
    expect(mergeQueries(queries).map(({ members }) => members)).toEqual([[0, 2], [1]]);
  });

  it('does not take NaN for null in what the queries have in common', () => {
    const queries = [
      { rollup: 'r', where: { id: 'a', x: Number.NaN } },
      { rollup: 'r', where: { id: 'b', x: null } },
    ];
    expect(mergeQueries(queries)).toHaveLength(2);
  });

  it('gives up on rows that belong to nobody', () => {
    const queries = ['1', '2'].map((id) => ({ rollup: 'r', where: { id } }));
    expect(mergeQueries(queries)[0]?.split([{ id: '1.00', n: 1 }])).toBeUndefined();
  });

  it('puts at most 1,000 values into one query', () => {
    const queries = Array.from({ length: 2_500 }, (_, id) => ({ rollup: 'r', where: { id } }));
    expect(mergeQueries(queries).map(({ members }) => members.length)).toEqual([1_000, 1_000, 500]);
  });
});
