import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
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
import { cgroupMemory, type MemoryUse, type ReadText, shareOf } from './cgroup-memory.ts';

/** Where {@link memory} takes its numbers from. */
export interface MemorySources {
  /** Reads the files of the control group. Default: `fs.readFile` as UTF-8. */
  readonly readText?: ReadText | undefined;
  /** Default: `v8.getHeapStatistics()`. */
  readonly heap?: (() => MemoryUse) | undefined;
  /** Default: `os.totalmem()` and `os.freemem()`, which on Linux counts droppable caches as free. */
  readonly machine?: (() => MemoryUse) | undefined;
}

/** Options of {@link memory}. */
export interface MemoryOptions extends CheckPolicy {
  /**
   * Share in use from which it warns. A choice, not a law: 10 % of a common container of 512 MiB is
   * 51 MiB, one large request.
   * @default 0.9
   */
  readonly warn?: number | undefined;
  /**
   * Share in use from which it fails; the kernel kills, or V8 gives up, at 1.
   * @default 0.97
   */
  readonly fail?: number | undefined;
  readonly sources?: MemorySources | undefined;
}

const schema = z.strictObject({
  ...checkPolicy,
  warn: share,
  fail: share,
  sources: z
    .strictObject({
      readText: callable<ReadText>().optional(),
      heap: callable<() => MemoryUse>().optional(),
      machine: callable<() => MemoryUse>().optional(),
    } satisfies Shape<MemorySources>)
    .optional(),
} satisfies Shape<MemoryOptions>);

/**
 * How much memory is in use, of what the process may have: of the limit of its control group
 * (version 2 or 1, those around it included; where there is no limit, of the machine), as
 * `utilization`, and of V8's heap limit, as `heapUtilization`. Fails when either does.
 *
 * Files that the kernel can drop from its cache do not count. Garbage in the heap does, since it is
 * not known before it is collected: with `failAfter` a heap that is just before its collection is no
 * failure. In `live` a failure restarts the process before the kernel kills it.
 *
 * Codes: `threshold`. When the control group may not be read it warns, `insufficient_privilege`: a
 * restart would not change that.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function memory(options: MemoryOptions = {}): CheckSpec {
  const {
    fail = 0.97,
    warn = Math.min(fail, 0.9),
    sources: { readText = readUtf8, heap = heapUse, machine = machineUse } = {},
    ...policy
  } = parseOptions(schema, options, { of: 'memory', further: thresholdFaults });
  return {
    kind: 'system',
    ...policy,
    run: async () => [
      await outside(readText, machine, { warn, fail }),
      measure('heapUtilization', heap(), 'heap limit', { warn, fail }),
    ],
  };
}

const readUtf8: ReadText = (path) => readFile(path, 'utf8');

function heapUse(): MemoryUse {
  const { used_heap_size: usedBytes, heap_size_limit: limitBytes } = getHeapStatistics();
  return { usedBytes, limitBytes };
}

function machineUse(): MemoryUse {
  const limitBytes = totalmem();
  return { usedBytes: limitBytes - freemem(), limitBytes };
}

async function outside(
  readText: ReadText,
  machine: () => MemoryUse,
  thresholds: Thresholds,
): Promise<Measurement> {
  try {
    const limited = await cgroupMemory(readText);
    const what = limited === undefined ? "machine's memory" : "control group's limit";
    return measure('utilization', limited ?? machine(), what, thresholds);
  } catch (error) {
    if (!(error instanceof CheckFailedError) || error.outcome !== 'insufficient_privilege')
      throw error;
    const { outcome: code, message } = error;
    return { measurement: 'utilization', status: 'warn', code, message };
  }
}

function measure(
  measurement: string,
  use: MemoryUse,
  what: string,
  thresholds: Thresholds,
): Measurement {
  const used = shareOf(use);
  const status = judge(used, thresholds);
  const megabytes = (bytes: number): number => Math.round(bytes / 1_048_576);
  const message = `${megabytes(use.usedBytes)} MiB of the ${what} of ${megabytes(use.limitBytes)} MiB in use, ${inPercent(used)}`;
  return {
    measurement,
    value: Math.round(used * 1_000) / 1_000,
    status,
    code: codeOf(status),
    message,
  };
}
