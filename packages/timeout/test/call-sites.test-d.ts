import { expectTypeOf, test } from 'vitest';
import { createFetch } from '../src/fetch/index.ts';
import { type Duration, withTimeout } from '../src/index.ts';

test('withTimeout keeps the type of the operation', () => {
  const load = async (_id: string, _options: { signal: AbortSignal }): Promise<{ id: string }> => ({
    id: '',
  });
  const request = new Request('http://localhost');
  expectTypeOf(
    withTimeout(({ signal }) => load('1', { signal }), '5s', { signal: request.signal }),
  ).resolves.toEqualTypeOf<{ id: string }>();
  // @ts-expect-error a duration is required
  void withTimeout(async () => 1);
  // @ts-expect-error no such unit
  void withTimeout(async () => 1, '5y');
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
