import { statfs } from 'node:fs/promises';
import { callable, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import { CheckFailedError } from '../errors.ts';
import type { Measurement } from '../measurement.ts';
import {
  codeOf,
  inPercent,
  judge,
  share,
  type Thresholds,
  thresholdFaults,
} from '../thresholds.ts';
import { errnoOf, isDenied } from './errno.ts';

/** What `fs.statfs` tells of a file system: blocks and files (inodes). */
export interface FileSystemCounts {
  readonly blocks: number;
  readonly bfree: number;
  /** Of the free blocks those that may be taken without being root. */
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

/** Options of {@link disk}. */
export interface DiskOptions extends CheckPolicy {
  /**
   * Any file or directory of the file system.
   * @default '/'
   */
  readonly path?: string | undefined;
  /**
   * Share in use, of space or of inodes, from which it warns. 0.9: the kubelet evicts pods when less
   * than 10 % is available (`nodefs.available`).
   * @default 0.9
   */
  readonly warn?: number | undefined;
  /**
   * Share in use from which it fails. 0.97: what the alerts that come with node_exporter call
   * critical (3 % left).
   * @default 0.97
   */
  readonly fail?: number | undefined;
  /** What asks the system. Default: that of `node:fs/promises`. */
  readonly statfs?: ((path: string) => Promise<FileSystemCounts>) | undefined;
}

const schema = z.strictObject({
  ...checkPolicy,
  path: z.string().min(1, 'expected a path').optional(),
  warn: share,
  fail: share,
  statfs: callable<NonNullable<DiskOptions['statfs']>>().optional(),
} satisfies Shape<DiskOptions>);

/**
 * How full a file system is: space (`utilization`) and inodes (`inodeUtilization`; left out where
 * there is no fixed number of them, as on btrfs). Space counts as `df` does: what is reserved for
 * root is not available. Fails when either does. Codes: `threshold`; `error` when the path cannot be
 * looked at.
 *
 * Asking a network file system whose server is gone takes a thread of Node's pool until it answers.
 * No more than one: an attempt that has not settled is not joined by another.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function disk(options: DiskOptions = {}): CheckSpec {
  const {
    path = '/',
    fail = 0.97,
    warn = Math.min(fail, 0.9),
    statfs: ask = statfs,
    ...policy
  } = parseOptions(schema, options, { of: 'disk', further: thresholdFaults });
  return {
    kind: 'system',
    ...policy,
    run: async () => {
      const counts = await countsOf(path, ask);
      const measurements = [
        ...measure('utilization', 'space', spaceOf(counts), { warn, fail }),
        ...measure('inodeUtilization', 'inodes', inodesOf(counts), { warn, fail }),
      ];
      if (measurements.length > 0) return measurements;
      throw new CheckFailedError('bad_response', 'the file system tells no size');
    },
  };
}

async function countsOf(
  path: string,
  ask: NonNullable<DiskOptions['statfs']>,
): Promise<FileSystemCounts> {
  try {
    return await ask(path);
  } catch (error) {
    const errno = errnoOf(error);
    const outcome = isDenied(errno) ? 'insufficient_privilege' : 'error';
    const reason = errno ?? 'it cannot be looked at';
    throw new CheckFailedError(outcome, `no file system: ${reason}`, { cause: error });
  }
}

function spaceOf({ blocks, bfree, bavail }: FileSystemCounts): number {
  const used = blocks - bfree;
  return used / (used + bavail);
}

function inodesOf({ files, ffree }: FileSystemCounts): number {
  return (files - ffree) / files;
}

/** Nothing for what is not counted: 0 of 0. */
function measure(
  measurement: string,
  what: string,
  used: number,
  thresholds: Thresholds,
): Measurement[] {
  if (!Number.isFinite(used)) return [];
  const status = judge(used, thresholds);
  const message = `${inPercent(used)} of the ${what} in use`;
  return [
    { measurement, value: Math.round(used * 1_000) / 1_000, status, code: codeOf(status), message },
  ];
}
