// oxlint-disable vitest/expect-expect -- each @ts-expect-error is an assertion
import { describe, expectTypeOf, test } from 'vitest';
import {
  disk,
  dns,
  downstream,
  eventLoop,
  heartbeat,
  http,
  memory,
  oidc,
  queue,
  rateLimiter,
  redis,
  supabaseAuth,
  tcp,
  tls,
} from '../../src/checks/index.ts';
import { type CheckSpec, createHealth, type ExternalCheckSpec } from '../../src/index.ts';

declare const url: string;
declare const token: { readonly authorization: string };
declare const freshToken: () => Promise<{ authorization: string }>;
/** As ioredis has it. */
declare const ioredis: {
  status: string;
  ping(callback?: (error?: Error | null, result?: 'PONG') => void): Promise<'PONG'>;
  ping(message: string | Buffer): Promise<string>;
};
/** As node-redis has it. */
declare const nodeRedis: {
  get isReady(): boolean;
  ping(message?: string | Buffer): Promise<string>;
};
type JobType = 'waiting' | 'paused' | 'prioritized' | 'active' | 'delayed' | 'failed';
/** As BullMQ has it. */
declare const bull: {
  getJobCounts(...types: JobType[]): Promise<{ [index: string]: number }>;
  getJobs(
    types?: JobType[] | JobType,
    start?: number,
    end?: number,
    asc?: boolean,
  ): Promise<{ timestamp: number; delay: number }[]>;
};
/** As rate-limiter-flexible and a store of express-rate-limit have it. */
declare const limiter: {
  consume(key: string | number, points?: number): Promise<{ remainingPoints: number }>;
  delete(key: string): Promise<boolean>;
};
declare const store: {
  increment(key: string): Promise<{ totalHits: number; resetTime: Date | undefined }>;
  resetKey(key: string): Promise<void> | void;
};

test('call sites', () => {
  const worker = heartbeat({ every: '10s', grace: '5s' });
  expectTypeOf(worker.beat).toEqualTypeOf<() => void>();
  createHealth({
    checks: {
      auth: http({ url: `${url}/health` }),
      shopify: http({ url, headers: token, every: '30s', critical: false }),
      fresh: http({ url, headers: freshToken, expect: { body: async (text) => text === 'ok' } }),
      port: tcp({ host: 'db', port: 5432, warn: '50ms' }),
      name: dns({ name: 'db.internal', type: 'AAAA', addresses: ['::1'] }),
      certificate: tls({ host: 'example.com', warn: '30d', fail: '1d' }),
      disk: disk({ path: '/data', warn: 0.8 }),
      memory: memory(),
      loop: eventLoop({ warn: '100ms', fail: '1s' }),
      worker,
      other: downstream({ url, warnAs: 'warn' }),
      login: oidc({ issuer: url, skew: '30s' }),
      supabase: supabaseAuth({ url, apiKey: 'key' }),
      cache: redis(ioredis),
      cache2: redis(nodeRedis, { warn: 20 }),
      jobs: queue(bull, { waiting: { warn: 100 }, oldest: { fail: '1h' } }),
      jobs2: queue(async () => ({ waiting: 1 })),
      limiter: rateLimiter({ consume: (key) => limiter.consume(key), limit: 5 }),
      limiter2: rateLimiter({
        consume: (key) => store.increment(key),
        reset: (key) => store.resetKey(key),
        limit: 5,
      }),
    },
    groups: { live: ['loop', 'memory', 'disk', 'worker'], ready: ['auth', 'cache'] },
  });
});

describe('what is outside of the process', () => {
  test('is marked', () => {
    expectTypeOf(tcp).returns.toEqualTypeOf<ExternalCheckSpec>();
    expectTypeOf(redis).returns.toEqualTypeOf<ExternalCheckSpec>();
    expectTypeOf(memory).returns.toEqualTypeOf<CheckSpec>();
  });

  test('is not for live', () => {
    // @ts-expect-error -- a restart would not repair it
    createHealth({ checks: { a: tcp({ host: 'a', port: 1 }) }, groups: { live: ['a'] } });
    // @ts-expect-error -- nor this
    createHealth({ checks: { a: redis(ioredis) }, groups: { live: ['a'] } });
  });
});
