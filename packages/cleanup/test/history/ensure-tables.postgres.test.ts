import { InvalidOptionsError } from '@ops/timeout';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ensureTables } from '../../src/history/ensure-tables.ts';
import { cleanupTables, TABLE_NAMES } from '../../src/history/tables.ts';

const db = useDatabase();

async function tablesIn(schema: string): Promise<readonly string[]> {
  const { rows } = await db
    .pool()
    .query<{ name: string }>(
      'select tablename::text as name from pg_tables where schemaname = $1 order by 1',
      [schema],
    );
  return rows.map((row) => row.name);
}

describe('ensureTables', () => {
  test('creates them once, whoever calls it at the same time', async () => {
    const pool = db.pool({ max: 8 });
    await Promise.all(Array.from({ length: 8 }, () => ensureTables(pool, { schema: 'at_once' })));
    expect(await tablesIn('at_once')).toEqual([...TABLE_NAMES].toSorted());
    await ensureTables(pool, { schema: 'at_once' });
  });

  test('takes a schema whose name is no identifier', async () => {
    const schema = `odd "name"; drop $1 schema`;
    await ensureTables(db.pool(), { schema });
    expect(await tablesIn(schema)).toHaveLength(TABLE_NAMES.length);
  });

  test('needs no right to create a schema that is there', async () => {
    const pool = db.pool();
    await pool.query(`
      create role cleanup_owner_${db.schema};
      create schema given_${db.schema} authorization cleanup_owner_${db.schema}`);
    const limited = db.pool({ options: `-c role=cleanup_owner_${db.schema}` });
    try {
      await ensureTables(limited, { schema: `given_${db.schema}` });
      expect(await tablesIn(`given_${db.schema}`)).toHaveLength(TABLE_NAMES.length);
    } finally {
      await pool.query(`drop schema given_${db.schema} cascade;
        drop role cleanup_owner_${db.schema}`);
    }
  });

  test('gives the same tables as the pack', async () => {
    const pool = db.pool();
    await pool.query('create schema by_pack');
    for (const { sql } of cleanupTables.migrations) {
      await pool.query(sql.replaceAll('{{schema}}', '"by_pack"'));
    }
    expect(await tablesIn('by_pack')).toEqual([...TABLE_NAMES].toSorted());
    await ensureTables(pool, { schema: 'by_pack' });
  });

  test('refuses what is no schema or no pool', async () => {
    // In characters the third would be short enough, and the server would cut it.
    for (const schema of ['', 'a\0b', 'ä'.repeat(40)]) {
      await expect(ensureTables(db.pool(), { schema })).rejects.toThrow(InvalidOptionsError);
    }
    await expect(ensureTables({} as never)).rejects.toThrow('expected a pg.Pool');
  });
});
