import type pg from 'pg';
import { expectTypeOf, test } from 'vitest';
import {
  type ConnectionSource,
  createMigrator,
  definePack,
  directory,
  type MigrationEvent,
  type MigratorOptions,
  pack,
  type UpReport,
} from '../src/index.ts';

test('the documented call sites', () => {
  const performanceIndexes = definePack({
    name: 'performance-indexes',
    schema: 'public',
    migrations: [
      {
        version: '1',
        name: 'started_at',
        sql: 'create index concurrently i on {{schema}}.t (started_at)',
        when: { table: 't', columns: ['started_at'] },
      },
    ],
  });
  const migrator = createMigrator({
    connection: process.env['DATABASE_URL'],
    sources: [
      pack(performanceIndexes),
      pack({ name: 'a-folder', migrations: new URL('./migrations', import.meta.url) }),
      directory('migrations'),
      directory(new URL('./migrations', import.meta.url)),
    ],
    history: { schema: 'ops' },
    lock: { wait: '10m' },
    timeouts: { lock: '2s' },
    retry: { attempts: 30 },
    onEvent: (event) => {
      expectTypeOf(event).toEqualTypeOf<MigrationEvent>();
    },
  });
  expectTypeOf(
    migrator.up({ signal: new AbortController().signal, allowOutOfOrder: true, to: '2' }),
  ).resolves.toEqualTypeOf<UpReport>();
  expectTypeOf(migrator.assertCurrent()).resolves.toEqualTypeOf<void>();
});

test('pg fits the structural types', () => {
  expectTypeOf<pg.Pool>().toExtend<ConnectionSource>();
  expectTypeOf<() => Promise<pg.Client>>().toExtend<ConnectionSource>();
  expectTypeOf<pg.Client>().not.toExtend<ConnectionSource>();
});

test('a misspelt option is an error', () => {
  const sources: MigratorOptions['sources'] = [directory('migrations')];
  // @ts-expect-error
  expectTypeOf(createMigrator({ connection: '', sources, lokc: {} })).toBeObject();
});
