import type pg from 'pg';
import { expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import {
  type ConnectionSource,
  createMigrator,
  directory,
  type MigrationEvent,
  type MigratorOptions,
  type UpReport,
} from '../src/index.ts';
import type { optionsSchema } from '../src/options.ts';

test('the schema and the public options are the same type', () => {
  type Input = Readonly<z.input<typeof optionsSchema>>;
  expectTypeOf<Input>().toEqualTypeOf<MigratorOptions>();
});

test('the documented call sites', () => {
  const migrator = createMigrator({
    connection: process.env['DATABASE_URL'],
    sources: [directory('migrations'), directory(new URL('./migrations', import.meta.url))],
    history: { schema: 'ops' },
    lock: { wait: '10m' },
    timeouts: { lock: '2s' },
    retry: { attempts: 30 },
    onEvent: (event) => {
      expectTypeOf(event).toEqualTypeOf<MigrationEvent>();
    },
  });
  expectTypeOf(
    migrator.up({ signal: new AbortController().signal }),
  ).resolves.toEqualTypeOf<UpReport>();
  expectTypeOf(migrator.assertCurrent()).resolves.toEqualTypeOf<void>();
});

test('pg fits the structural types', () => {
  expectTypeOf<pg.Pool>().toExtend<ConnectionSource>();
  expectTypeOf<() => Promise<pg.Client>>().toExtend<ConnectionSource>();
  expectTypeOf<pg.Client>().not.toExtend<ConnectionSource>();
});

test('a misspelt option is an error', () => {
  const sources = [directory('migrations')];
  // @ts-expect-error
  expectTypeOf(createMigrator({ connection: '', sources, lokc: {} })).toBeObject();
});
