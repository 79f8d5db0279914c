import type { Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import type { Finding } from '../finding.ts';
import { judge, share } from '../thresholds.ts';
import {
  type CatalogPolicy,
  catalogCheck,
  catalogPolicy,
  type Inspect,
  levelOf,
  MOST_FINDINGS,
  measured,
  parseCatalogOptions,
} from './catalog-check.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { SELECT_SEQUENCES, type SequenceUse } from './sequence-use.ts';

/** Options of {@link sequences}. */
export interface SequencesOptions extends CatalogPolicy {
  /**
   * Share of its values that a sequence has used; the default is `check_postgres`'s.
   * @default 0.85
   */
  readonly warn?: number | undefined;
  /** @default 0.95, from the same place */
  readonly fail?: number | undefined;
}

const schema = z.strictObject({
  warn: share,
  fail: share,
  ...catalogPolicy,
} satisfies Shape<SequencesOptions>);

/**
 * Sequences about to run out of values: of their own, or of those that fit into the narrowest
 * column that is filled from them, whether it owns the sequence or names it in its default. A
 * bigint sequence on an integer column ends at 2,147,483,647. Either direction counts; a sequence
 * that cycles counts only when the column ends first. Code: `threshold`; `insufficient_privilege`
 * when some cannot be read (`select` or `usage` on them) and nothing is wrong with the others.
 *
 * On a replica, sequences of unlogged tables are left out: there is nothing to be read.
 *
 * Reads each sequence under the lock that `nextval` takes: 12 ms for 1,000 of them. Runs every 15
 * minutes unless told otherwise. @throws InvalidOptionsError naming every fault.
 */
export function sequences(pool: PostgresPool, options: SequencesOptions = {}): ExternalCheckSpec {
  const of = 'postgres.sequences';
  const { warn, fail, ...policy } = parseCatalogOptions(schema, options, of);
  const inspect = inspectSequences({ warn, fail });
  return catalogCheck(pool, { of, everyMs: 900_000, policy, inspect });
}

export function inspectSequences({
  warn = 0.85,
  fail = Math.max(warn, 0.95),
}: Pick<SequencesOptions, 'warn' | 'fail'> = {}): Inspect {
  return async (read) => {
    const fullest = await read.rows<SequenceUse>(SELECT_SEQUENCES, [MOST_FINDINGS]);
    const readable = fullest.filter(({ used }) => used !== null);
    const used = readable[0]?.used ?? 0;
    const findings = readable.flatMap((sequence) => {
      const status = judge(sequence.used ?? 0, { warn, fail });
      return status === 'pass' ? [] : [findingOf(sequence, levelOf(status))];
    });
    return measured(
      {
        status: judge(used, { warn, fail }),
        measurement: 'utilization',
        value: used,
        message: `the fullest sequence has used ${percent(used)} of its values`,
        findings,
      },
      {
        count: fullest[0]?.hiddenCount ?? 0,
        what: 'sequences cannot be read: grant select on them',
      },
    );
  };
}

function findingOf(sequence: SequenceUse, level: Finding['level']): Finding {
  const { name, column, used, last, end, left, isColumnNarrower } = sequence;
  const where =
    column === null ? '' : isColumnNarrower ? `, where ${column} ends` : `; it fills ${column}`;
  return {
    name: 'sequence_exhaustion',
    level,
    object: name,
    detail: `At ${last} of ${end}${where}: ${percent(used ?? 0)} is used, ${left} values are left`,
    remediation: isColumnNarrower
      ? `Make ${column} and every column that refers to it bigint; on a large table through a new column, since changing the type rewrites it under a lock`
      : `alter sequence ${name} as bigint no maxvalue; -- and make the columns it fills bigint`,
  };
}

/** Never rounded up to 100. */
function percent(used: number): string {
  return `${Math.floor(used * 10_000) / 100} %`;
}
