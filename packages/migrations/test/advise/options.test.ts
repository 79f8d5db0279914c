import { describe, expect, test } from 'vitest';
import { type AdviseOptions, advise, measure } from '../../src/advise/index.ts';
import { readSettings } from '../../src/advise/options.ts';
import { performanceIndexes, performanceQueries } from '../../src/performance-indexes/index.ts';

const url = 'postgres://user:hidden@localhost:1/db';
const right: AdviseOptions = {
  indexes: ['create index i on t (a)'],
  queries: [{ name: 'q', text: 'select 1' }],
};

async function fault(options: object, connection: unknown = url): Promise<string> {
  const error: unknown = await advise(connection as string, options as AdviseOptions).then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'ERR_OPS_INVALID_OPTIONS' });
  return (error as Error).message;
}

test('defaults', async () => {
  expect(await readSettings('advise', right)).toMatchObject({
    runs: 5,
    method: 'auto',
    statementMs: 30_000,
    lockMs: 2_000,
    buildMs: 300_000,
    connectTimeoutMs: 10_000,
  });
});

test('a pack brings its queries and its schema', async () => {
  const settings = await readSettings('measure', { indexes: performanceIndexes });
  expect(settings.wanted).toHaveLength(8);
  expect(settings.queries).toHaveLength(performanceQueries.length);
  const texts = settings.queries.map(({ text, valuesFrom = '' }) => text + valuesFrom).join();
  expect(texts).toContain('from "public".app_events');
  expect(texts).not.toContain('{{');
  const moved = await readSettings('measure', { indexes: performanceIndexes, schema: 'app' });
  expect(moved.queries[0]?.text).toContain('"app".workflow_executions');
});

describe('faults are told together', () => {
  test('of the options', async () => {
    const message = await fault({
      ...right,
      runs: 0,
      statementTimeout: 'soon',
      method: 'guess',
      run: 1,
    });
    for (const name of ['runs: ', 'statementTimeout: ', 'method: ', 'run: no such option']) {
      expect(message).toContain(name);
    }
  });

  test.each([
    ['none', undefined, 'indexes: '],
    ['an empty list', { indexes: [] }, 'expected at least one'],
    [
      'no statement',
      { indexes: ['create index i on t (a)', 'drop table t'] },
      'indexes[1]: expected a create index',
    ],
    ['no queries', { indexes: right.indexes }, 'queries: expected at least one'],
    ['an empty list of queries', { ...right, queries: [] }, 'queries: '],
    [
      'two queries of a name',
      { ...right, queries: [...(right.queries ?? []), ...(right.queries ?? [])] },
      'a name of its own',
    ],
    ['a null among the queries', { ...right, queries: [null] }, 'queries: '],
    ['a quote in the schema', { ...right, schema: 'a"b' }, 'schema: '],
    ['a pack that is none', { ...right, indexes: { name: 'p' } }, 'migrations: expected'],
    [
      'a pack without indexes',
      {
        ...right,
        indexes: { name: 'p', migrations: [{ version: '1', name: 'a', sql: 'select 1' }] },
      },
      'this pack creates none',
    ],
    [
      'a pack without queries',
      { indexes: { ...performanceIndexes, queries: undefined } },
      'this pack brings none',
    ],
  ])('%s', async (_, options, expected) => {
    expect(await fault(options as object)).toContain(expected);
  });

  test('measure knows neither a method nor a limit for builds', async () => {
    await expect(
      measure(url, { ...right, method: 'build', buildTimeout: '1s' } as AdviseOptions),
    ).rejects.toThrow(/method: no such option.*buildTimeout: no such option/);
  });
});

test.each([
  [undefined, 'is the environment variable set?'],
  ['mysql://user:hidden@localhost/db', 'expected a postgres:// URL'],
  [{}, 'expected a postgres:// URL'],
  [null, 'expected a postgres:// URL'],
])('a connection of %s is refused without being shown', async (connection, expected) => {
  const error: unknown = await advise(connection as string, right).catch(
    (reason: unknown) => reason,
  );
  expect((error as Error).message).toContain(expected);
  expect((error as Error).message).not.toContain('hidden');
});
