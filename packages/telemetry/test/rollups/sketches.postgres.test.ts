import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { createMetrics, defineRollup, distinct, quantile } from '../../src/rollups/index.ts';
import { catchUp } from './executions.ts';

const db = useDatabase();
const RANGE = { from: new Date('2026-03-01T00:00Z'), to: new Date('2026-03-02T00:00Z') };

async function createSamples(type: string) {
  const pool = db.pool();
  await pool.query(`create table samples (
  at timestamptz not null,
  kind text,
  value ${type},
  xid xid8 not null default pg_current_xact_id()
);
create index on samples (xid)`);
  const rollup = defineRollup('samples', {
    from: 'samples',
    time: 'at',
    grain: ['hour', 'day'],
    dimensions: ['kind'],
    totals: [[]],
    measures: {
      p: quantile('value', { at: ['p0.1', 'p1', 'p50', 'p95', 'p99', 'p99.9', 'p100'] }),
      different: distinct('value'),
    },
    mode: 'append',
  });
  const metrics = createMetrics({ pool, schema: db.schema, rollups: [rollup] });
  await metrics.ensureTables();
  return { pool, metrics };
}

describe('quantile', () => {
  it.each([
    ['uniform', 'random() * 1000'],
    ['exponential', '-ln(1 - random()) * 50'],
    ['pareto', 'power(1 - random(), -1.2)'],
    ['lognormal', 'exp(random_normal(0, 3))'],
    ['of both signs', 'random_normal(0, 100)'],
    ['two peaks', 'case when random() < 0.5 then 1 + random() else 1e6 + random() end'],
    ['tiny', 'random() * 1e-200'],
    ['constant', '42'],
  ])('is within 1 % from p0.1 to p100 of values %s', async (_, value) => {
    const { pool, metrics } = await createSamples('double precision');
    // random_normal is new in 16.
    const portable = value.replace(
      /random_normal\((\S+), (\S+)\)/,
      '($1 + $2 * sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random()))',
    );
    await pool.query(`select setseed(0.3)`);
    for (let part = 0; part < 2; part += 1) {
      await pool.query(
        `insert into samples (at, kind, value)
select timestamptz '2026-03-01T00:00Z' + random() * interval '23 hours', (array['a', 'b', null])[1 + (i % 3)], ${portable}
from generate_series(1, 4000) i`,
      );
      await metrics.refresh();
    }
    const names = ['p0.1', 'p1', 'p50', 'p95', 'p99', 'p99.9', 'p100'] as const;
    const { rows } = await pool.query<{ exact: number[] }>(
      `select percentile_disc($1::float8[]) within group (order by value) as exact from samples`,
      [[0.001, 0.01, 0.5, 0.95, 0.99, 0.999, 1]],
    );
    for (const groupBy of [[], ['kind']] as const) {
      const answer = await metrics.query('samples', { ...RANGE, groupBy, measures: ['p'] });
      expect(answer).toHaveLength(groupBy.length === 0 ? 1 : 3);
    }
    const [row] = await metrics.query('samples', { ...RANGE, measures: ['p'] });
    names.forEach((name, at) => {
      const exact = rows[0]?.exact[at] ?? Number.NaN;
      const told = row?.p[name] ?? Number.NaN;
      expect(Math.abs(told - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.0100001);
    });
  });

  it.each(['double precision', 'numeric', 'real', 'bigint'])(
    'takes what a column of %s can hold, and leaves out null and NaN',
    async (type) => {
      const { pool, metrics } = await createSamples(type);
      const odd = {
        'double precision': ['NaN', 'Infinity', '-Infinity', '5e-324', '1.7e308', '-0'],
        numeric: ['NaN', 'Infinity', '-Infinity', '1e-5000', '-1e5000', '0'],
        real: ['NaN', 'Infinity', '-Infinity', '1e-45', '3e38', '0'],
        bigint: ['9223372036854775807', '-9223372036854775808', '0'],
      }[type] as string[];
      await pool.query(
        `insert into samples (at, value)
select timestamptz '2026-03-01T05:00Z', v::${type} from unnest($1::text[]) v
union all
select '2026-03-01T05:00Z', null`,
        [odd],
      );
      const read = async () => (await metrics.query('samples', RANGE))[0];
      const before = await read();
      await metrics.refresh();
      expect(await read()).toEqual(before);
      expect(before?.p['p100']).toBeGreaterThan(9e18);
      expect(before?.p['p0.1']).toBeLessThan(-9e18);
      expect(before?.different).toBe(odd.length);
    },
  );
});

describe('distinct', () => {
  it.each([
    ['text', `md5(i::text)`],
    ['uuid', 'md5(i::text)::uuid'],
    ['bigint', 'i'],
  ])('is within 3 %% of the values of %s, from 10 to 100,000', async (type, value) => {
    const { pool, metrics } = await createSamples(type === 'bigint' ? type : 'bigint');
    if (type !== 'bigint') return onlyDistinct(type, value);
    for (const [low, high] of [
      [1, 10],
      [1, 1_000],
      [500, 20_000],
      [1, 100_000],
    ] as const) {
      await pool.query(
        `insert into samples (at, value)
select timestamptz '2026-03-01T00:00Z' + random() * interval '23 hours', ${value}
from generate_series(${low}::int, ${high}::int) i`,
      );
      const read = async () =>
        (await metrics.query('samples', { ...RANGE, measures: ['different'] }))[0]?.different ?? 0;
      const tail = await read();
      await metrics.refresh();
      // A union of the tail and what is stored is the same as what is stored later.
      expect(await read()).toBe(tail);
      expect(Math.abs(tail / high - 1)).toBeLessThanOrEqual(0.03);
    }
    return undefined;
  });

  async function onlyDistinct(type: string, value: string): Promise<void> {
    const pool = db.pool();
    await pool.query(
      `create table visits (at timestamptz, who ${type}, xid xid8 not null default pg_current_xact_id())`,
    );
    const rollup = defineRollup('visits', {
      from: 'visits',
      time: 'at',
      grain: 'hour',
      dimensions: [],
      measures: { who: distinct('who') },
      mode: 'append',
    });
    const metrics = createMetrics({ pool, schema: db.schema, rollups: [rollup] });
    await metrics.ensureTables();
    await pool.query(`insert into visits (at, who)
select timestamptz '2026-03-01T00:00Z' + (i % 24) * interval '1 hour', ${value} from generate_series(1, 50000) i`);
    await metrics.refresh();
    const [row] = await metrics.query('visits', RANGE);
    expect(Math.abs((row?.who ?? 0) / 50_000 - 1)).toBeLessThanOrEqual(0.03);
  }

  it.each([9, 12, 16])(
    'is the same in one refresh as in many, entries or planes, with precision %i',
    async (precision) => {
      const pool = db.pool();
      await pool.query(`create table seen (
  at timestamptz not null,
  who bigint,
  xid xid8 not null default pg_current_xact_id()
);
create index on seen (xid);
create index on seen (at)`);
      const rollupOf = <const Name extends string>(name: Name) =>
        defineRollup(name, {
          from: 'seen',
          time: 'at',
          grain: ['hour', 'day'],
          dimensions: [],
          measures: { who: distinct('who', { precision }) },
          mode: 'append',
        });
      const many = createMetrics({ pool, schema: db.schema, rollups: [rollupOf('many')] });
      const once = createMetrics({ pool, schema: db.schema, rollups: [rollupOf('once')] });
      await many.ensureTables();
      await once.ensureTables();
      // From a few entries over both forms to planes alone, with values again in other hours.
      for (const [from, to] of [
        [1, 100],
        [50, 300],
        [200, 320],
        [1, 5_000],
        [4_900, 4_990],
        [1_000, 9_000],
      ]) {
        await pool.query(
          `insert into seen (at, who)
select timestamptz '2026-03-01T00:00Z' + (i % 5) * interval '1 hour', i from generate_series($1::int, $2::int) i`,
          [from, to],
        );
        const unrolled = await many.query('many', RANGE);
        await catchUp(many);
        expect(await many.query('many', RANGE)).toEqual(unrolled);
      }
      const [told] = await many.query('many', RANGE);
      expect(Math.abs((told?.who ?? 0) / 9_000 - 1)).toBeLessThan(4 * 1.04 * 2 ** (-precision / 2));
      await catchUp(once);
      expect(await once.query('once', RANGE)).toEqual([told]);
      const hours = { ...RANGE, grain: 'hour' } as const;
      expect(await once.query('once', hours)).toEqual(await many.query('many', hours));
      const { rows } = await pool.query(
        'select cardinality(who_planes) > 0 as dense from many_day',
      );
      expect(rows).toEqual([{ dense: true }]);
    },
  );

  it('merges as a union, whatever is where', async () => {
    const { pool, metrics } = await createSamples('bigint');
    let hour = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.bigInt({ min: -500n, max: 500n }), { maxLength: 60 }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.boolean(),
        async (parts, isRefreshed) => {
          hour = (hour + 1) % 23;
          await pool.query('delete from samples');
          await pool.query(
            'delete from samples_hour; delete from samples_day; update rollup_state set version = version + 1',
          );
          for (const [at, part] of parts.entries()) {
            await pool.query(
              `insert into samples (at, kind, value)
select timestamptz '2026-03-01T00:00Z' + $1 * interval '1 hour', $2, v from unnest($3::bigint[]) v`,
              [(hour + at) % 24, `k${at % 2}`, part.map(String)],
            );
            if (isRefreshed) await metrics.refresh();
          }
          const [row] = await metrics.query('samples', { ...RANGE, measures: ['different'] });
          const exact = new Set(parts.flat()).size;
          // Of 100 values, about 0.3 share a register of 16,384 with another; few values leave no 3 % for it.
          expect(Math.abs((row?.different ?? 0) - exact)).toBeLessThanOrEqual(3 + exact * 0.03);
        },
      ),
      { numRuns: 25 },
    );
  });
});
