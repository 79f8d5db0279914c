import { type Duration, readOptions } from '@ops/timeout/check';
import { readSignal } from './call-options.ts';
import { pause } from './engine/pause.ts';
import { PendingMigrationsError } from './errors.ts';
import type { Settings } from './options.ts';
import { assertNothingPending } from './status.ts';

/** Options of `wait`. */
export interface WaitOptions {
  /** See {@link CallOptions}. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait, from the call on; 0 looks once. @default '10m' */
  readonly timeout?: Duration | undefined;
}

/** Between looks; up to half of it is added at random so that replicas do not look in step. */
const LOOK_MS = 1_000;

/** A connection for each look, rather than one that is idle for minutes. */
export async function waitUntilCurrent(settings: Settings, options: WaitOptions): Promise<void> {
  const { clock, random } = settings;
  const read = readOptions('wait', options);
  const timeoutMs = read.duration('timeout') ?? 600_000;
  const signal = readSignal(read);
  read.done();
  const startedAt = clock.monotonic();
  for (;;) {
    try {
      await assertNothingPending(settings, signal);
      return;
    } catch (error) {
      const leftMs = timeoutMs - (clock.monotonic() - startedAt);
      if (!(error instanceof PendingMigrationsError) || leftMs <= 0) throw error;
      await pause(Math.min(leftMs, LOOK_MS * (1 + random() / 2)), clock, signal);
    }
  }
}
