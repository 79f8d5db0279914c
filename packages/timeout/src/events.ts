import type { Outcome, Verdict } from './classify.ts';
import type { TimeoutScope } from './errors.ts';

/** Where a circuit stands: `isolated` is open by hand. */
export type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated';

/** Why no further attempt follows a failed one. */
export type RetryStop = 'exhausted' | 'not-repeatable' | 'budget' | 'deadline' | 'wait-too-long';

/** Everything that a pipeline tells `onEvent`. `key` is the key of the call. */
export type PipelineEvent =
  | {
      /** An attempt failed and another follows after `delayMs`. */
      readonly type: 'retry';
      readonly key: string;
      /** The attempt that failed. */
      readonly attempt: number;
      readonly delayMs: number;
      readonly outcome: Outcome;
      readonly verdict: Verdict['kind'];
    }
  | {
      /** An attempt failed and none follows. */
      readonly type: 'retry-stopped';
      readonly key: string;
      readonly attempt: number;
      readonly reason: RetryStop;
      readonly outcome: Outcome;
    }
  | {
      readonly type: 'timeout';
      readonly key: string;
      readonly attempt: number;
      readonly scope: TimeoutScope;
      readonly timeoutMs: number;
    }
  | {
      readonly type: 'circuit';
      readonly key: string;
      readonly from: CircuitState;
      readonly to: CircuitState;
    }
  | { readonly type: 'circuit-rejected'; readonly key: string; readonly retryAfterMs: number }
  | { readonly type: 'bulkhead-queued'; readonly key: string; readonly queued: number }
  | { readonly type: 'bulkhead-rejected'; readonly key: string }
  | {
      /** Another copy of a slow call was started. */
      readonly type: 'hedge';
      readonly key: string;
      readonly attempt: number;
      readonly delayMs: number;
    }
  | { readonly type: 'fallback'; readonly key: string; readonly error: unknown }
  | {
      /** A run ended; not told of a caller's abort. */
      readonly type: 'settled';
      readonly key: string;
      readonly ok: boolean;
      readonly elapsedMs: number;
      readonly error?: unknown;
    };
