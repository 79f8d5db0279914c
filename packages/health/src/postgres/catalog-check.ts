import { parseOptions } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy, withDefaults } from '../check-policy.ts';
import type { Finding } from '../finding.ts';
import type { Measurement } from '../measurement.ts';
import { isWorse, type Status } from '../status.ts';
import { thresholdFaults } from '../thresholds.ts';
import type { CheckConnection, Read } from './check-connection.ts';
import { toCheckFailure } from './postgres-error.ts';
import { needClientFactory, type PostgresPool } from './postgres-pool.ts';
import { shareConnection } from './shared-connection.ts';

/**
 * When a check of the database itself runs. Unlike other checks it runs in the background, is given
 * 10 s, and does not fail a group unless told to: what it looks at changes slowly, costs the server
 * something, and is not repaired by taking a process out of the load balancer.
 */
export interface CatalogPolicy extends Omit<CheckPolicy, 'ttl'> {}

const { ttl: _, ...withoutTtl } = checkPolicy;

/** The shape of {@link CatalogPolicy}. */
export const catalogPolicy: Omit<typeof checkPolicy, 'ttl'> = withoutTtl;

/** A number of bytes. */
export const byteCount: z.ZodOptional<z.ZodNumber> = z
  .int('expected a whole number of bytes')
  .min(0, 'expected a whole number of bytes')
  .optional();

/**
 * Looks at one aspect of the database. Its findings are the worst first, and bounded; its code is
 * `threshold` where it does not say otherwise.
 */
export type Inspect = (read: Read) => Promise<Measurement>;

/** Findings of one kind that a check tells. A measurement holds 100 at most. */
export const MOST_FINDINGS = 50;

const DEFAULT_TIMEOUT_MS = 10_000;

/** A check that runs `inspect` on the connection that the checks of a pool share. */
export function catalogCheck(
  pool: PostgresPool,
  {
    of,
    everyMs,
    policy,
    inspect,
  }: {
    readonly of: string;
    readonly everyMs: number | undefined;
    readonly policy: CheckPolicy;
    readonly inspect: Inspect;
  },
): ExternalCheckSpec {
  const connection = shareConnection(pool, needClientFactory(pool, of));
  return {
    kind: 'datastore',
    ...catalogPolicyOf(policy, everyMs),
    external: true,
    run: ({ signal, timeoutMs }) => inspectOn(connection, { signal, timeoutMs }, inspect),
    close: () => connection.close(),
  };
}

/** With the defaults of a catalog check where nothing else was said. */
export function catalogPolicyOf(policy: CheckPolicy, everyMs: number | undefined): CheckPolicy {
  return withDefaults(policy, { critical: false, timeout: DEFAULT_TIMEOUT_MS, every: everyMs });
}

/** What may not be read is unknown, so never a pass; and no failure of the database either. */
export async function inspectOn(
  connection: CheckConnection,
  limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
  inspect: Inspect,
): Promise<Measurement> {
  try {
    const measurement = bounded(await connection.read(limits, inspect));
    const isFault = (measurement.status ?? 'pass') !== 'pass';
    return isFault ? { code: 'threshold', ...measurement } : measurement;
  } catch (error) {
    const failure = toCheckFailure(error);
    if (failure.outcome !== 'insufficient_privilege') throw failure;
    return { status: 'warn', code: 'insufficient_privilege', message: failure.message };
  }
}

/** Names and keys come from the database and may be of any length; the engine refuses long texts. */
export function bounded(measurement: Measurement): Measurement {
  const { findings } = measurement;
  if (findings === undefined) return measurement;
  const cut = (text: string | undefined) => text?.slice(0, LONGEST_TEXT);
  return {
    ...measurement,
    findings: findings.slice(0, 2 * MOST_FINDINGS).map((finding) => ({
      ...finding,
      object: cut(finding.object),
      detail: finding.detail.slice(0, LONGEST_TEXT),
      remediation: cut(finding.remediation),
    })),
  };
}

const LONGEST_TEXT = 4_000;

/** Parses options once; `warn` must not be beyond `fail`, where there are both. */
export function parseCatalogOptions<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
  of: string,
): z.output<Schema> {
  return parseOptions(schema, options, { of, further: thresholdFaults });
}

/** The worst of the statuses given, `pass` when there is none. */
export function worst(statuses: readonly Status[]): Status {
  return statuses.reduce((one, other) => (isWorse(other, one) ? other : one), 'pass' as Status);
}

/** How serious a finding is that gives a check this status. */
export function levelOf(status: Status): Finding['level'] {
  return ({ pass: 'info', warn: 'warn', fail: 'error' } as const)[status];
}

/** A measurement of `status`; what was kept from view makes a pass `insufficient_privilege`. */
export function measured(
  measurement: Measurement & { readonly status: Status },
  unseen?: { readonly count: number; readonly what: string },
): Measurement {
  if (measurement.status !== 'pass' || unseen === undefined || unseen.count === 0)
    return measurement;
  return {
    ...measurement,
    status: 'warn',
    code: 'insufficient_privilege',
    message: `${unseen.count} ${unseen.what}`,
  };
}

/** A number of milliseconds as a person says it. */
export function inTime(ms: number): string {
  if (ms < 10_000) return `${Math.round(ms)} ms`;
  if (ms < 600_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 36_000_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** A number of bytes as a person says it. */
export function inBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(
    units.length - 1,
    Math.floor(Math.log2(Math.max(1, Math.abs(bytes))) / 10),
  );
  return `${Math.round(bytes / 2 ** (10 * power))} ${units[power]}`;
}
