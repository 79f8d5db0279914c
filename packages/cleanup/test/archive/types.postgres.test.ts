import fc from 'fast-check';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { toFiles } from '../../src/archive/to-files.ts';
import { toTable } from '../../src/archive/to-table.ts';
import type { ArchiveTarget } from '../../src/batch/action.ts';
import { archivedRun, contents, temporaryDirectory } from './archived-run.ts';

const db = useDatabase();

/** A column of every kind; generated, identity and dropped ones are beside them in the table. */
const COLUMNS: Readonly<Record<string, readonly [type: string, samples: readonly string[]]>> = {
  big: ['bigint', ['9223372036854775807', '-9223372036854775808', '9007199254740993']],
  small: ['smallint', ['-32768', '0']],
  exact: ['numeric', ['NaN', 'Infinity', '-Infinity', '1.50', '0.000', `1${'0'.repeat(300)}`]],
  scaled: ['numeric(10,3)', ['1.5', '-0.001', 'NaN']],
  single: ['real', ['NaN', '-Infinity', '1e-45', '-0', '0.1', '3.4028235e38']],
  double: [
    'double precision',
    ['NaN', 'Infinity', '5e-324', '-0', '0.1', '1.7976931348623157e308'],
  ],
  yes: ['boolean', ['t', 'f']],
  words: ['text', ['', 'null', '"', '\\', '\\N', '\r\n\t\u0001', '𝄞\u2028', '{}', ` ' `]],
  varied: ['varchar(10)', ['', 'trailing  ']],
  padded: ['char(5)', ['a', '']],
  blank: ['bpchar', ['kept  ', '']],
  letter: ['"char"', ['x', '']],
  label: ['name', ['pg_class']],
  bytes: ['bytea', ['\\x', '\\x00ff0a5c22']],
  zoned: [
    'timestamptz',
    [
      'infinity',
      '-infinity',
      '0044-03-15 12:00:00.000001+00 BC',
      '294276-12-31 23:59:59.999999+00',
    ],
  ],
  local: ['timestamp', ['infinity', '2026-03-29 02:30:00.123456', '4713-01-01 00:00:00 BC']],
  coarse: ['timestamp(2)', ['2026-01-01 00:00:00.12']],
  day: ['date', ['infinity', '0001-01-01 BC', '5874897-12-31']],
  hour: ['time', ['24:00:00', '00:00:00.000001']],
  there: ['timetz', ['23:59:59.999999-15:59', '00:00:00+15:59']],
  span: [
    'interval',
    ['-1 mons +3 days -04:05:06.000007', '178000000 years', '-00:00:01', '1 day -1 second'],
  ],
  json: ['json', ['{"a" : 1,\n "a":2}', '"\\u0000"', 'null', ' [1 ] ']],
  jsonb: ['jsonb', ['{"a":{"b":[1,null,"\\\\u0000"]}}', 'null', '1e400', '"\\n"']],
  list: ['text[]', ['{}', '{NULL,"NULL","",","}', '{{"{",b},{"\\"","\\\\"}}', '[0:1]={a,b}']],
  times: ['timestamptz[]', ['{infinity,"0044-03-15 12:00:00+00 BC",NULL}']],
  numbers: ['float8[]', ['{NaN,0.1,-0}']],
  whole: ['int4range', ['empty', '[1,5)', '(,)', '[,3)']],
  during: [
    'tstzrange',
    ['["2020-01-01 00:00:00+00",infinity)', '(,"2020-01-01 00:00:00.000001+00"]'],
  ],
  several: ['int4multirange', ['{}', '{[1,2),[5,)}']],
  mood: ['mood', ['sad', `it's "ok", \\ now`]],
  moods: ['mood[]', [`{sad,NULL}`]],
  positive: ['positive', ['1', '2147483647']],
  pair: ['pair', ['(,)', '(1,"a ""b"", (c)")', '(,"")']],
  pairs: ['pair[]', ['{"(1,x)",NULL,"(,)"}']],
  id2: ['uuid', ['00000000-0000-0000-0000-000000000000']],
  bits: ['bit(5)', ['10101']],
  varbits: ['varbit', ['', '1']],
  address: ['inet', ['10.1.2.3', '10.1.2.3/8', '::1']],
  network: ['cidr', ['10.0.0.0/8']],
  mac: ['macaddr', ['08:00:2b:01:02:03']],
  point: ['point', ['(1.1,-0)', '(NaN,Infinity)']],
  shape: ['polygon', ['((0,0),(1,1),(1,0))']],
  price: ['money', ['-92233720368547758.08', '1.05']],
  query: ['tsquery', [`'a' & !'b c'`]],
  vector: ['tsvector', [`'a':1A 'b''c':2`]],
  tree: ['xml', ['<a b="1">&amp;</a>', 'text only']],
  relation: ['regclass', ['pg_class', '-']],
  kind: ['regtype', ['mood', 'integer']],
  lsn: ['pg_lsn', ['FFFFFFFF/FFFFFFFF']],
  path: ['jsonpath', ['$."a"[*] ? (@ > 1)']],
};
const NAMES = Object.keys(COLUMNS);

async function makeTable(pool: pg.Pool): Promise<void> {
  const columns = Object.entries(COLUMNS).map(([name, [type]]) => `"${name}" ${type}`);
  await pool.query(`
    create type mood as enum ('sad', $$it's "ok", \\ now$$);
    create domain positive as int check (value > 0);
    create type pair as (number int, words text);
    create table rows (
      id bigint generated always as identity primary key,
      gone text default 'dropped',
      at timestamptz not null default '2020-01-01 00:00:00.000001',
      ${columns.join(',\n')},
      twice bigint generated always as (small * 2) stored,
      also_gone int
    );
    alter table rows drop column gone, drop column also_gone;
    create index on rows (at)`);
}

async function insertRow(
  pool: pg.Pool,
  row: Readonly<Record<string, string | null>>,
): Promise<void> {
  const names = Object.keys(row);
  const places = names.map((name, index) => `$${index + 1}::${COLUMNS[name]?.[0]}`);
  const texts = names.map((name) => row[name]);
  await pool.query(
    `insert into rows (${names.map((name) => `"${name}"`).join(', ')}) values (${places.join(', ')})`,
    texts,
  );
}

const TARGETS: readonly (readonly [string, () => Promise<ArchiveTarget>])[] = [
  ['table', () => Promise.resolve(toTable('old'))],
  ['ndjson', async () => toFiles({ directory: await temporaryDirectory(), format: 'ndjson' })],
  ['ndjson.gz', async () => toFiles({ directory: await temporaryDirectory() })],
  [
    'ndjson.zst',
    async () => toFiles({ directory: await temporaryDirectory(), format: 'ndjson.zst' }),
  ],
];

describe.each(TARGETS)('restore of an archive (%s) is the identity', (_, target) => {
  test('for every sample of every type, and for null', async () => {
    const pool = db.pool();
    await makeTable(pool);
    const most = Math.max(...Object.values(COLUMNS).map(([, samples]) => samples.length));
    for (let index = 0; index < most; index += 1) {
      const row = NAMES.map((name) => [name, COLUMNS[name]?.[1][index] ?? null] as const);
      await insertRow(pool, Object.fromEntries(row));
    }
    await insertRow(pool, Object.fromEntries(NAMES.map((name) => [name, null])));
    await expectIdentity(pool, await target(), most + 1);
  });
});

/** As other sessions may have set it. */
const ODD_SETTINGS = `-c intervalstyle=sql_standard -c datestyle=german -c timezone=Asia/Kathmandu -c bytea_output=escape -c extra_float_digits=-5 -c xmloption=document`;

test('restore is the identity for random rows, whatever the session says', async () => {
  const pool = db.pool();
  await makeTable(pool);
  const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', ''));
  const any = Object.fromEntries(
    NAMES.map((name) => [
      name,
      fc.option(
        name === 'words'
          ? text
          : name === 'big'
            ? fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
            : name === 'double'
              ? fc.double().map((value) => (Object.is(value, -0) ? '-0' : String(value)))
              : name === 'bytes'
                ? fc.uint8Array().map((value) => `\\x${Buffer.from(value).toString('hex')}`)
                : fc.constantFrom(...(COLUMNS[name]?.[1] ?? [])),
      ),
    ]),
  );
  const odd = db.pool({ options: `-c search_path=${db.schema} ${ODD_SETTINGS}` });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record(any), { minLength: 1, maxLength: 8 }), async (rows) => {
      await pool.query('truncate rows');
      for (const row of rows) await insertRow(pool, row);
      const before = await contents(pool, 'rows');
      const target = toFiles({ directory: await temporaryDirectory(), format: 'ndjson' });
      const there = await archivedRun(odd, db.schema, target);
      expect(await there.run()).toMatchObject({ ok: true, deleted: rows.length });
      const back = await archivedRun(pool, db.schema, target);
      expect(await back.restore()).toMatchObject({ ok: true, restored: rows.length });
      expect(await contents(pool, 'rows')).toEqual(before);
    }),
    { numRuns: 15 },
  );
});

async function expectIdentity(pool: pg.Pool, target: ArchiveTarget, count: number): Promise<void> {
  const before = await contents(pool, 'rows');
  expect(before).toHaveLength(count);
  const cleanup = await archivedRun(pool, db.schema, target);
  const report = await cleanup.run();
  expect(report.policies.rows).toMatchObject({ refusals: [], deleted: count, archived: count });
  expect(await contents(pool, 'rows')).toEqual([]);
  expect(await cleanup.restore()).toMatchObject({ ok: true, restored: count, error: undefined });
  expect(await contents(pool, 'rows')).toEqual(before);
}
