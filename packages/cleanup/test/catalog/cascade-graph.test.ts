import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildCascadeGraph } from '../../src/catalog/cascade-graph.ts';
import { type ForeignKeyFacts, graphTable, type OnDelete } from '../../src/catalog/foreign-keys.ts';
import { childrenFirst } from '../../src/policy-order.ts';

function key(parent: string, child: string, onDelete: OnDelete = 'cascade'): ForeignKeyFacts {
  return {
    constraint: `${child}_${parent}`,
    onDelete,
    child: graphTable(child, 's', child),
    parent: graphTable(parent, 's', parent),
    columns: [`${parent}_id`],
    parentColumns: ['id'],
    isIndexed: true,
    pageCount: 1,
    isReadable: true,
  };
}

function graphOf(keys: readonly ForeignKeyFacts[]) {
  return buildCascadeGraph(graphTable('a', 's', 'a'), (oids) =>
    Promise.resolve(keys.filter(({ parent }) => oids.includes(parent.oid))),
  );
}

describe('the graph of what cascades', () => {
  test('goes to any depth, names circles once, and stops where nothing cascades', async () => {
    const graph = await graphOf([
      key('a', 'b'),
      key('b', 'c'),
      key('c', 'a'),
      key('c', 'c'),
      key('c', 'd', 'restrict'),
      key('d', 'e'),
      key('b', 'f', 'set null'),
    ]);
    expect(graph.cascades.map(({ constraint, depth }) => [constraint, depth])).toEqual([
      ['b_a', 1],
      ['c_b', 2],
    ]);
    expect(graph.cycles).toEqual([
      ['"s"."a"', '"s"."b"', '"s"."c"', '"s"."a"'],
      ['"s"."c"', '"s"."c"'],
    ]);
    expect(graph.guards.map(({ constraint }) => constraint)).toEqual(['d_c']);
    expect(graph.resets.map(({ constraint }) => constraint)).toEqual(['f_b']);
  });

  test('of any keys ends, has each key once, and those into a table before those out of it', async () => {
    const table = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const pairs = fc.uniqueArray(fc.tuple(table, table), { maxLength: 20, selector: String });
    await fc.assert(
      fc.asyncProperty(pairs, async (all) => {
        const { cascades, cycles } = await graphOf(
          all.map(([parent, child]) => key(parent, child)),
        );
        const names = cascades.map(({ constraint }) => constraint);
        expect(new Set(names).size).toBe(names.length);
        cascades.forEach(({ parent }, index) => {
          const later = cascades.slice(index).map(({ child }) => child.oid);
          expect(later).not.toContain(parent.oid);
        });
        for (const cycle of cycles) expect(cycle[0]).toBe(cycle.at(-1));
      }),
    );
  });
});

test('policies run children first, in the given order otherwise, and circles last', () => {
  expect(childrenFirst(4, [])).toEqual([1, 2, 3, 4]);
  expect(
    childrenFirst(4, [
      { child: 3, parent: 1 },
      { child: 4, parent: 3 },
    ]),
  ).toEqual([2, 4, 3, 1]);
  expect(
    childrenFirst(3, [
      { child: 1, parent: 2 },
      { child: 2, parent: 1 },
    ]),
  ).toEqual([3, 1, 2]);
});
