import { expect, test, vi } from 'vitest';
import { createHealth } from '../../src/index.ts';
import { type PostgresClient, postgres } from '../../src/postgres/index.ts';

/** A pool of clients that are not `pg`'s own: no socket to destroy. */
function poolAnswering(query: () => Promise<unknown>) {
  const ends = vi.fn(async () => {});
  const configs: object[] = [];
  class Client implements PostgresClient {
    constructor(config: object) {
      configs.push(config);
    }
    connect = async () => {};
    query = query;
    end = ends;
    on = () => this;
  }
  const pool = { options: { host: 'db' }, Client, query: async () => ({ rows: [] }) };
  return { pool, ends, configs };
}
const state = (isReplica: boolean, isReadOnly: boolean) => [
  {},
  {},
  { rows: [{ isReplica, isReadOnly }] },
  {},
];

async function stateOf(pool: ReturnType<typeof poolAnswering>['pool']) {
  await using health = createHealth({ checks: { database: postgres.ping(pool) } });
  return (await health.check()).checks.database;
}

test('a replica is told from a primary, and its connection not kept', async () => {
  const { pool, ends } = poolAnswering(async () => state(true, true));
  expect(await stateOf(pool)).toMatchObject({
    code: 'bad_response',
    message: 'expected a server that takes writes; it is a replica',
  });
  expect(ends).toHaveBeenCalledTimes(1);
});

test.each([undefined, {}, [], [{}, {}, { rows: [] }], [{}, {}, { rows: [{ isReplica: 'f' }] }]])(
  'an answer of %o is not understood: bad_response',
  async (answer) => {
    const { pool } = poolAnswering(async () => answer);
    expect(await stateOf(pool)).toMatchObject({ status: 'fail', code: 'bad_response' });
  },
);

test.each([
  ['28P01', 'auth'],
  ['53300', 'saturated'],
  ['57014', 'timeout'],
  ['57P03', 'refused'],
  ['42501', 'insufficient_privilege'],
  ['3D000', 'error'],
  ['EPIPE', 'refused'],
])('%s: %s', async (code, outcome) => {
  const { pool, ends } = poolAnswering(() =>
    Promise.reject(Object.assign(new Error('x'), { code })),
  );
  expect(await stateOf(pool)).toMatchObject({ code: outcome, message: 'x' });
  expect(ends).toHaveBeenCalledTimes(1);
});

test("the pool's settings are used, with a name of our own for the connection", async () => {
  const { pool, configs } = poolAnswering(async () => state(false, false));
  expect((await stateOf(pool)).status).toBe('pass');
  expect(configs).toMatchObject([{ host: 'db', fallback_application_name: '@ops/health' }]);
});

test('a kept connection found dead is replaced at once; an answer of the server is not asked twice', async () => {
  const queries = vi.fn(async () => state(false, false) as unknown);
  const { pool, configs } = poolAnswering(queries);
  await using health = createHealth({
    checks: { database: postgres.ping(pool, { ttl: 0.000_001 }) },
  });
  await health.check();
  queries.mockRejectedValueOnce(new Error('Connection terminated unexpectedly'));
  expect((await health.check()).status).toBe('pass');
  expect([configs.length, queries.mock.calls.length]).toEqual([2, 3]);

  queries.mockRejectedValueOnce(Object.assign(new Error('cancelled'), { code: '57014' }));
  expect((await health.check()).code).toBe('timeout');
  expect([configs.length, queries.mock.calls.length]).toEqual([2, 4]);
});
