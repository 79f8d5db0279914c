import { type CallContext, ownContext } from './call-context.ts';
import { readOptions } from './check-options.ts';
import type { Timer } from './clock.ts';
import type { Duration } from './duration.ts';
import { defaultEnvironment } from './environment.ts';
import { BulkheadFullError, TimeoutError } from './errors.ts';
import type { Context, Environment, Operation, Policy } from './policy.ts';
import { LONGEST_TIMER_MS } from './sleep.ts';

/** Options of {@link bulkhead}. */
export interface BulkheadOptions {
  /** Calls of one key that run at once, 1 or more. */
  readonly limit: number;
  /** Calls of one key that wait for a place, first come first served. @default 0 */
  readonly queue?: number | undefined;
  /** Longest wait for a place. Default: until the deadline or the abort. */
  readonly queueTimeout?: Duration | undefined;
}

/** A policy that knows how full it is. */
export interface Bulkhead extends Policy {
  /** `key` default: `''`, the key of runs that give none. */
  stats(key?: string): { readonly running: number; readonly queued: number };
}

/** The places of one key. */
interface Places {
  runningCount: number;
  /** In order of arrival; calling one hands a place over and takes it out of here. */
  readonly waiting: Set<() => void>;
}

interface Settings {
  readonly limit: number;
  readonly queue: number;
  readonly queueTimeoutMs: number;
}

/**
 * Bounds how many calls of one key run at once, so that one slow dependency cannot take up all
 * memory and sockets. Beyond `limit` and `queue` it rejects with {@link BulkheadFullError}; a wait
 * that is too long rejects with a `TimeoutError` of scope `queue`, or `total` at the deadline.
 * An abort gives the place in the queue up at once.
 *
 * A call holds its place until what lies inside has settled; an operation that ignores its signal
 * may run on after that.
 *
 * @throws InvalidOptionsError when an option is wrong.
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  const read = readOptions('bulkhead', options);
  const limit = read.count('limit', 1);
  const settings: Settings = {
    limit: limit ?? 1,
    queue: read.count('queue', 0) ?? 0,
    queueTimeoutMs: read.duration('queueTimeout', 1) ?? Infinity,
  };
  read.fault(options?.limit === undefined, 'limit: expected a whole number of 1 or more, got none');
  read.done();
  const keys = new Map<string, Places>();
  return {
    kind: 'bulkhead',
    stats(key = '') {
      const places = keys.get(key);
      return { running: places?.runningCount ?? 0, queued: places?.waiting.size ?? 0 };
    },
    wrap: (next, environment = defaultEnvironment) => {
      return async <T>(operation: Operation<T>, given: Context): Promise<T> => {
        const context = ownContext(given);
        const places = placesOf(keys, context.key);
        if (places.runningCount < settings.limit) places.runningCount += 1;
        else await queueUp(places, context, settings, environment);
        try {
          return await next(operation, context);
        } finally {
          leave(keys, context.key, places);
        }
      };
    },
  };
}

function placesOf(keys: Map<string, Places>, key: string): Places {
  let places = keys.get(key);
  if (places === undefined) {
    places = { runningCount: 0, waiting: new Set() };
    keys.set(key, places);
  }
  return places;
}

/** Hands the place to whoever has waited longest; forgets a key that nobody uses. */
function leave(keys: Map<string, Places>, key: string, places: Places): void {
  const [first] = places.waiting;
  if (first !== undefined) {
    first();
    return;
  }
  places.runningCount -= 1;
  if (places.runningCount === 0) keys.delete(key);
}

/**
 * Resolves with a place taken. Taking and giving up exclude each other in the same turn: a place
 * handed to a call that is just being aborted would be lost.
 */
function queueUp(
  { waiting }: Places,
  context: CallContext,
  { limit, queue, queueTimeoutMs }: Settings,
  { clock, emit }: Environment,
): Promise<void> {
  const { key, attempt, deadline } = context;
  if (waiting.size >= queue) {
    emit?.({ type: 'bulkhead-rejected', key });
    return Promise.reject(new BulkheadFullError(key, limit, queue));
  }
  const signal = context.source.abortable;
  const beganMs = deadline.elapsedMs();
  const remainingMs = deadline.remainingMs();
  const isTotal = remainingMs <= queueTimeoutMs;
  const waitMs = isTotal ? remainingMs : queueTimeoutMs;

  return new Promise((resolve, reject) => {
    let timer: Timer | undefined;
    const end = (): void => {
      waiting.delete(take);
      if (timer !== undefined) clock.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const take = (): void => {
      end();
      resolve();
    };
    const abort = (): void => {
      end();
      reject(signal?.reason as Error);
    };
    const giveUp = (): void => {
      end();
      const scope = isTotal ? 'total' : 'queue';
      const timeoutMs = isTotal ? deadline.totalMs : queueTimeoutMs;
      emit?.({ type: 'timeout', key, attempt, scope, timeoutMs });
      const elapsedMs = deadline.elapsedMs() - (isTotal ? 0 : beganMs);
      reject(new TimeoutError(scope, timeoutMs, { elapsedMs, attempts: attempt - 1 }));
    };
    if (signal?.aborted) return abort();
    waiting.add(take);
    signal?.addEventListener('abort', abort);
    if (waitMs <= LONGEST_TIMER_MS) timer = clock.setTimeout(giveUp, Math.ceil(waitMs));
    // Last, since who listens may abort.
    emit?.({ type: 'bulkhead-queued', key, queued: waiting.size });
  });
}
