import { InvalidOptionsError } from '@ops/timeout';
import { describe, expect, test } from 'vitest';
import { createHealth, type ExternalCheckSpec } from '../../src/index.ts';
import {
  diagnose,
  type PostgresClient,
  type PostgresPool,
  postgres,
} from '../../src/postgres/index.ts';

class NeverAsked implements PostgresClient {
  connect = () => Promise.reject(new Error('it was asked'));
  query = () => Promise.reject(new Error('it was asked'));
  end = async () => {};
  on = () => this;
}
const pool: PostgresPool = { query: async () => ({ rows: [] }), options: {}, Client: NeverAsked };
const relations = [{ from: 'a.b_id', to: 'b.id' }];

const factories: Record<string, (pool: PostgresPool, options?: object) => ExternalCheckSpec> = {
  connections: postgres.connections,
  transactions: postgres.transactions,
  replication: postgres.replication,
  slots: postgres.slots,
  wraparound: postgres.wraparound,
  indexes: postgres.indexes,
  constraints: postgres.constraints,
  sequences: postgres.sequences,
  consistency: (given, options) => postgres.consistency(given, { relations, ...options }),
};
const names = Object.keys(factories);

describe.each(names)('postgres.%s', (name) => {
  const make = factories[name] as (pool: PostgresPool, options?: object) => ExternalCheckSpec;

  test('is external, not critical, and runs in the background at least a minute apart', () => {
    const { external, critical, every, kind } = make(pool);
    expect({ external, critical, kind }).toEqual({
      external: true,
      critical: false,
      kind: 'datastore',
    });
    expect(every).toBeGreaterThanOrEqual(60_000);
  });

  test('takes what is said of it', () => {
    const policy = { critical: true, every: '10m', timeout: '3s', failAfter: 2, id: 'x' };
    expect(make(pool, policy)).toMatchObject({ ...policy, every: 600_000, timeout: 3_000 });
    expect(make(pool, { every: undefined, critical: undefined })).toMatchObject({
      critical: false,
    });
    expect(make(pool, { every: undefined }).every).toBeGreaterThanOrEqual(60_000);
  });

  test('is refused in live, and is a check that the engine takes', async () => {
    const check = make(pool);
    const checks = { it: check };
    expect(() => createHealth({ checks, groups: { live: ['it' as never] } })).toThrow(/live/);
    await createHealth({ checks }).stop();
  });

  test('refuses what it does not know, and a pool it cannot connect like', () => {
    const given = `postgres.${name}`;
    expect(() => make(pool, { evry: 1 })).toThrow(new RegExp(`^${given}: evry: there is no such`));
    expect(() => make(pool, { ttl: 1 })).toThrow(/ttl: there is no such option/);
    expect(() => make({ query: pool.query })).toThrow(
      `${given}: pool: expected a pg.Pool, or an object with its Client`,
    );
    expect(() => make(undefined as unknown as PostgresPool)).toThrow(InvalidOptionsError);
  });
});

test.each([
  ['connections', { warn: 0.9, fail: 0.5 }],
  ['connections', { warn: 2 }],
  ['transactions', { warn: '1h', fail: '1m' }],
  ['transactions', { idle: 0 }],
  ['slots', { warn: -1 }],
  ['slots', { warn: 2, fail: 1 }],
  ['wraparound', { warn: 0.5 }],
  ['wraparound', { left: 1.5 }],
  ['replication', { standbys: 0 }],
  ['consistency', { relations: [] }],
  ['consistency', { relations: [{ from: 'a.b,c', to: 'd.e' }] }],
  ['consistency', { relations: [{ from: 'a', to: 'd.e' }] }],
  ['consistency', { chunk: 0 }],
  ['consistency', { budget: 0 }],
])('%s refuses %o', (name, options) => {
  expect(() => factories[name]?.(pool, options)).toThrow(InvalidOptionsError);
});

test('migrations is critical and runs when asked', () => {
  const { critical, every, external } = postgres.migrations(pool);
  expect({ critical, every, external }).toEqual({ external: true });
  expect(() => postgres.migrations(pool, { table: 'migrations' })).toThrow(/expected a table as/);
  expect(() => postgres.migrations(pool, { expected: [''] })).toThrow(InvalidOptionsError);
});

test('diagnose refuses what it does not know', async () => {
  await expect(diagnose(pool, { checks: ['everything' as never] })).rejects.toThrow(
    InvalidOptionsError,
  );
  await expect(diagnose(pool, { checks: ['consistency'] })).rejects.toThrow(
    /relations: expected some/,
  );
  await expect(diagnose({ query: pool.query })).rejects.toThrow(/expected a pg.Pool/);
});
