import type { Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import type { Finding } from '../finding.ts';
import {
  type CatalogPolicy,
  catalogCheck,
  catalogPolicy,
  type Inspect,
  MOST_FINDINGS,
  parseCatalogOptions,
} from './catalog-check.ts';
import type { PostgresPool } from './postgres-pool.ts';

/** Options of {@link constraints}. */
export interface ConstraintsOptions extends CatalogPolicy {}

const schema = z.strictObject({ ...catalogPolicy } satisfies Shape<ConstraintsOptions>);

/**
 * Constraints that were added `not valid` and never validated: rows from before may break them.
 * Foreign keys and checks, those of domains too, and from PostgreSQL 18 `not null`; not one that is
 * declared `not enforced`, and not the copies in partitions and inheriting tables. Code: `threshold`.
 * Needs no privilege.
 *
 * Runs every 5 minutes unless told otherwise. @throws InvalidOptionsError naming every fault.
 */
export function constraints(
  pool: PostgresPool,
  options: ConstraintsOptions = {},
): ExternalCheckSpec {
  const of = 'postgres.constraints';
  const policy = parseCatalogOptions(schema, options, of);
  return catalogCheck(pool, { of, everyMs: 300_000, policy, inspect: inspectConstraints() });
}

interface NotValidated {
  readonly constraint: string;
  readonly kind: 'foreign key' | 'check' | 'not null';
  readonly on: string;
  readonly remedy: string;
  readonly total: number;
}

const selectNotValidated = (version: number): string => `
  select format('%I', c.conname) as constraint,
    case c.contype when 'f' then 'foreign key' when 'n' then 'not null' else 'check' end as kind,
    o.name as on,
    format('alter %s %s validate constraint %I;', o.kind, o.name, c.conname) as remedy,
    count(*) over () as total
  from pg_constraint as c
  cross join lateral (
    select 'table' as kind, format('%I.%I', n.nspname, t.relname) as name, n.nspname as schema
    from pg_class as t
    join pg_namespace as n on n.oid = t.relnamespace
    where t.oid = c.conrelid
    union all
    select 'domain', format('%I.%I', n.nspname, t.typname), n.nspname
    from pg_type as t
    join pg_namespace as n on n.oid = t.typnamespace
    where t.oid = c.contypid
  ) as o
  where not c.convalidated
    and c.contype in ('c', 'f', 'n')
    and c.conparentid = 0
    and c.coninhcount = 0
    ${version >= 180_000 ? 'and c.conenforced' : ''}
    and o.schema not in ('pg_catalog', 'information_schema')
  order by 3, 1
  limit $1::integer`;

export function inspectConstraints(): Inspect {
  return async (read) => {
    const select = selectNotValidated(read.version);
    const found = await read.rows<NotValidated>(select, [MOST_FINDINGS]);
    const total = found[0]?.total ?? 0;
    return {
      status: total > 0 ? 'warn' : 'pass',
      value: total,
      unit: 'constraints',
      message: `${total} constraints are not validated`,
      findings: found.map(findingOf),
    };
  };
}

function findingOf({ constraint, kind, on, remedy }: NotValidated): Finding {
  return {
    name: 'constraint_not_validated',
    level: 'warn',
    object: `${on}, ${constraint}`,
    detail: `The ${kind} constraint holds for new rows only; nobody has looked at the others`,
    remediation: remedy,
  };
}
