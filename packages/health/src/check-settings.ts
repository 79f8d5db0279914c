import type { CheckSpec } from './check.ts';
import type { ScheduleSettings } from './schedule.ts';

/** One check as the engine takes it: every default filled in, every duration in milliseconds. */
export interface CheckSettings {
  readonly name: string;
  /** Calls the check as it was given, so that a `run` that uses `this` finds it. */
  readonly run: CheckSpec['run'];
  readonly close: (() => void | Promise<void>) | undefined;
  readonly kind: 'component' | 'datastore' | 'system';
  readonly id: string | undefined;
  readonly affects: readonly string[];
  readonly critical: boolean;
  readonly timeoutMs: number;
  /** Of no effect with a schedule. */
  readonly ttlMs: number;
  readonly maxStaleMs: number;
  readonly schedule: ScheduleSettings | undefined;
  readonly failAfter: number;
  readonly passAfter: number;
}
