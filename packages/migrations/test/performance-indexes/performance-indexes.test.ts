import { describe, expect, test } from 'vitest';
import { performanceIndexes, performanceQueries } from '../../src/performance-indexes/index.ts';
import { definePack } from '../../src/sources/pack.ts';

test('is a proper pack', () => {
  expect(definePack(performanceIndexes)).toBe(performanceIndexes);
});

describe('none of the faults that such a file can have', () => {
  const { migrations } = performanceIndexes;
  const names = migrations.map(({ sql }) => /concurrently (\w+)\s/.exec(sql)?.[1]);

  test('eight versions and eight names, none twice', () => {
    expect(migrations.map(({ version }) => version)).toEqual('1 2 3 4 5 6 7 8'.split(' '));
    expect(new Set(names).size).toBe(8);
  });

  test.each(migrations)('$version $name: one concurrent statement that says its schema', (each) => {
    expect(each.sql).toMatch(
      /^create index concurrently idx_\w+\n {2}on \{\{schema\}\}\.\w+ \([^;]+;\n$/,
    );
    expect(each.sql).not.toMatch(/if (?:not )?exists|comment on/);
  });

  test.each(migrations)('$version $name: waits for the columns that it names', ({ sql, when }) => {
    const [, table, keys = ''] = /\.(\w+) \(([^)]+)\)/.exec(sql) ?? [];
    expect(when).toEqual({
      table,
      columns: keys.split(', ').map((key) => key.replace(' desc', '')),
    });
  });

  test.each(migrations)(
    '$version $name: is taken back without stopping writes',
    ({ sql, down }) => {
      const [, name] = /concurrently (\w+)/.exec(sql) ?? [];
      expect(down).toBe(`drop index concurrently if exists {{schema}}.${name};\n`);
    },
  );

  test('the middle four are partial', () => {
    expect(migrations.map(({ sql }) => sql.includes('where'))).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

test('every query names its tables with the schema and asks for as many values as it has', () => {
  for (const { text, valuesFrom } of performanceQueries) {
    expect(text).toContain('from {{schema}}.');
    expect(text.includes('$1')).toBe(valuesFrom !== undefined);
  }
});
