import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonRows } from '../../src/archive/archive-reader.ts';
import {
  ARCHIVE_FORMATS,
  decompress,
  encodePiece,
  type PieceRows,
  sha256Of,
} from '../../src/archive/piece.ts';

const HEAD = {
  runId: '3d6f0a1e-0000-4000-8000-000000000001',
  policy: 'rows',
  seq: 7,
  table: '"public"."odd/../name"',
  columns: [{ name: 'id', type: 'text', plainType: 'text', baseType: 'text' }],
};

function rowsOf(values: readonly string[]): PieceRows {
  const lines = values.map((value) => JSON.stringify([value]));
  return { ...HEAD, rowCount: values.length, lines };
}

describe.each(ARCHIVE_FORMATS)('a piece as %s', (format) => {
  test('holds every row, whatever its text, over any number of blocks', async () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('x'.repeat(100_000)));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 12 }), async (values) => {
        const piece = await encodePiece(rowsOf(values), format);
        expect(piece.sha256).toBe(sha256Of(piece.bytes));
        const [header = '', ...lines] = (await decompress(piece.bytes)).toString().split('\n');
        expect(JSON.parse(header)).toMatchObject({ table: HEAD.table, rowCount: values.length });
        expect(lines.pop()).toBe('');
        expect(lines.map((line) => (JSON.parse(line) as string[])[0])).toEqual(values);
      }),
      { numRuns: 40 },
    );
  });

  test('has a name that is safe for a file', async () => {
    const { name } = await encodePiece(rowsOf(['1']), format);
    expect(name).toMatch(/^rows-[0-9a-f-]{36}-000007-[0-9a-f]{8}\.ndjson/);
  });
});

test('rows are given out in order, within the limits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 40 }),
      (values, maxRows, maxBytes) => {
        const lines = values.map((value) => `${JSON.stringify([value])}\n`);
        const piece = { rows: Buffer.from(lines.join('')), rowCount: values.length };
        const groups = [...jsonRows(piece, { rows: maxRows, bytes: maxBytes })].map(
          (text) => JSON.parse(text) as string[][],
        );
        expect(groups.flat(2)).toEqual(values);
        expect(Math.max(...groups.map(({ length }) => length))).toBeLessThanOrEqual(maxRows);
      },
    ),
  );
});
