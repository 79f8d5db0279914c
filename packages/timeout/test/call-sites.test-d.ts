import { expectTypeOf, test } from 'vitest';
import { createFetch } from '../src/fetch/index.ts';
import {
  type Backoff,
  backoff,
  bulkhead,
  type CircuitBreakerOptions,
  type Context,
  circuitBreaker,
  type Deadline,
  type Duration,
  deadline,
  fallback,
  hedge,
  type PipelineEvent,
  type Policy,
  pipeline,
  type Run,
  retry,
  retryBudget,
  timeout,
  withTimeout,
} from '../src/index.ts';
import { currentDeadline, publishEvents, runWithDeadline } from '../src/node/index.ts';

interface Invoice {
  readonly total: number;
}
const client = {
  load: async (_id: string, _options: { signal: AbortSignal }): Promise<Invoice> => ({ total: 1 }),
};
const request = new Request('http://localhost');

test('withTimeout keeps the type of the operation', () => {
  expectTypeOf(
    withTimeout(({ signal }) => client.load('1', { signal }), '5s', { signal: request.signal }),
  ).resolves.toEqualTypeOf<Invoice>();
  // @ts-expect-error a duration is required
  void withTimeout(async () => 1);
  // @ts-expect-error no such unit
  void withTimeout(async () => 1, '5y');
});

test('a pipeline keeps the type of the operation', () => {
  const run = pipeline(
    bulkhead({ limit: 20, queue: 50 }),
    deadline('30s'),
    retry({
      retries: 2,
      backoff: backoff.exponential({ base: '250ms', max: '8s', jitter: 'full' }),
      budget: retryBudget(),
    }),
    circuitBreaker({ window: '30s', failureRatio: 0.5, minimum: 10, openFor: '15s' }),
    timeout('10s'),
  );
  expectTypeOf(run).toEqualTypeOf<Run>();
  expectTypeOf(
    run(
      ({ signal, attempt, deadline: until }) => {
        expectTypeOf(attempt).toEqualTypeOf<number>();
        expectTypeOf(until).toEqualTypeOf<Deadline>();
        return client.load('1', { signal });
      },
      { signal: request.signal, key: 'wave' },
    ),
  ).resolves.toEqualTypeOf<Invoice>();
  expectTypeOf(run(() => 'text' as const)).resolves.toEqualTypeOf<'text'>();
});

test('options are checked', () => {
  // @ts-expect-error misspelt
  retry({ retires: 2 });
  // @ts-expect-error no such jitter
  backoff.exponential({ jitter: 'some' });
  // @ts-expect-error the limit is required
  bulkhead({ queue: 5 });
  // @ts-expect-error the delay is required
  hedge({ quantile: 0.95 });
  // @ts-expect-error a policy is not an operation
  void pipeline(timeout('1s'))(timeout('1s'));
  // @ts-expect-error misspelt
  pipeline({ onevent: () => {} }, timeout('1s'));
  expectTypeOf<CircuitBreakerOptions>().not.toHaveProperty('onOpen');
  expectTypeOf(fallback((error: unknown, _context: Context) => error)).toEqualTypeOf<Policy>();
  const linear: Backoff = ({ attempt }) => attempt * 100;
  retry({ backoff: linear });
});

test('events are one union, told apart by their type', () => {
  const onEvent = (event: PipelineEvent): void => {
    if (event.type === 'retry') expectTypeOf(event.delayMs).toEqualTypeOf<number>();
    // @ts-expect-error only some have it
    void event.delayMs;
  };
  pipeline({ onEvent, parentDeadline: currentDeadline }, timeout('1s'));
  pipeline({ onEvent: publishEvents() });
  expectTypeOf(runWithDeadline('5s', async () => 1)).resolves.toEqualTypeOf<number>();
});

test('a made fetch is a fetch', () => {
  expectTypeOf(createFetch({ timeout: '30s' })).toExtend<typeof globalThis.fetch>();
  // @ts-expect-error misspelt
  createFetch({ timeOut: '30s' });
});

test('Duration names its units', () => {
  expectTypeOf<'250ms' | '30s' | '5m' | '24h' | '90d' | 5>().toExtend<Duration>();
  expectTypeOf<'soon'>().not.toExtend<Duration>();
});
