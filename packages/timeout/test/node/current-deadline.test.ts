import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it, vi } from 'vitest';
import { backoff, deadline, deadlineIn, pipeline, retry } from '../../src/index.ts';
import {
  CHANNEL_PREFIX,
  currentDeadline,
  publishEvents,
  runWithDeadline,
} from '../../src/node/index.ts';
import { manualClock } from '../../src/testing/index.ts';
import { caught, never, watch } from '../outcomes.ts';

it('follows the call through awaits, and is gone after it', async () => {
  expect(currentDeadline()).toBeUndefined();
  const remainingMs = await runWithDeadline('5s', async () => {
    await Promise.resolve();
    return currentDeadline()?.remainingMs();
  });
  expect(remainingMs).toBeGreaterThan(4_000);
  expect(remainingMs).toBeLessThanOrEqual(5_000);
  expect(currentDeadline()).toBeUndefined();
});

it('keeps the sooner of two', () => {
  const clock = manualClock();
  const seen = runWithDeadline(deadlineIn('2s', clock), () => [
    runWithDeadline('9s', () => currentDeadline()?.remainingMs(), clock),
    runWithDeadline('1s', () => currentDeadline()?.remainingMs(), clock),
  ]);
  expect(seen).toEqual([2_000, 1_000]);
});

it('is held by a pipeline that asks for it', async () => {
  const clock = manualClock();
  const run = pipeline({ clock, parentDeadline: currentDeadline }, deadline('30s'));
  const inside = runWithDeadline('2s', () => watch(run(never)), clock);
  await clock.advance(2_000);
  expect(inside.error).toMatchObject({ scope: 'total', timeoutMs: 2_000 });
});

it('publishes events to the channel of their type', async () => {
  const received = vi.fn();
  const onEvent = vi.fn();
  subscribe(`${CHANNEL_PREFIX}retry`, received);
  const run = pipeline(
    { onEvent: publishEvents(onEvent) },
    retry({ retries: 1, backoff: backoff.constant(0) }),
  );
  await caught(run(() => Promise.reject(new Error('down')), { key: 'wave' }));
  unsubscribe(`${CHANNEL_PREFIX}retry`, received);
  expect(received.mock.calls).toEqual([
    [expect.objectContaining({ type: 'retry', key: 'wave', attempt: 1 }), 'ops:timeout:retry'],
  ]);
  expect(onEvent.mock.calls.map(([event]) => (event as { type: string }).type)).toEqual([
    'retry',
    'retry-stopped',
    'settled',
  ]);
});
