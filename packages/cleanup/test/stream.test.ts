import { expect, test } from 'vitest';
import type { CleanupEvent } from '../src/events.ts';
import type { CleanupReport } from '../src/report.ts';
import { streamRun } from '../src/stream.ts';

const REPORT: CleanupReport = {
  runId: undefined,
  ok: true,
  deleted: 2,
  durationMs: 1,
  notes: [],
  policies: {},
};

function event(policy: string): CleanupEvent {
  return { type: 'throttled', policy, throttle: 't', reason: 'r', retryMs: 1 };
}

function label(item: { readonly type: string; readonly policy?: string }): string {
  return item.policy ?? item.type;
}

test('gives every event in order, those told at once included, and the report at the end', async () => {
  const seen: string[] = [];
  const stream = streamRun(async (onEvent) => {
    onEvent(event('a'));
    onEvent(event('b'));
    await Promise.resolve();
    onEvent(event('c'));
    return REPORT;
  }, undefined);
  for await (const item of stream) {
    seen.push(label(item));
    // A slow reader misses nothing.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(seen).toEqual(['a', 'b', 'c', 'run-ended']);
});

test('does not start before it is read', async () => {
  let isStarted = false;
  const stream = streamRun(() => {
    isStarted = true;
    return Promise.resolve(REPORT);
  }, undefined);
  expect(isStarted).toBe(false);
  await stream.next();
  expect(isStarted).toBe(true);
});

test('whoever leaves the loop ends the run, and waits for it', async () => {
  let isOver = false;
  const stream = streamRun(async (onEvent, signal) => {
    onEvent(event('a'));
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    await new Promise((resolve) => setImmediate(resolve));
    isOver = true;
    return REPORT;
  }, undefined);
  for await (const item of stream) {
    expect(label(item)).toBe('a');
    break;
  }
  expect(isOver).toBe(true);
});

test('passes an abort on, also one from before', async () => {
  const reason = new Error('enough');
  const stream = streamRun(
    (_, signal) => Promise.resolve({ ...REPORT, ok: signal.reason !== reason }),
    AbortSignal.abort(reason),
  );
  expect((await stream.next()).value).toMatchObject({ type: 'run-ended', report: { ok: false } });
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('throws what the run throws, after the events before it', async () => {
  const stream = streamRun(async (onEvent) => {
    onEvent(event('a'));
    await Promise.resolve();
    throw new TypeError('wrong option');
  }, undefined);
  expect((await stream.next()).value).toMatchObject({ policy: 'a' });
  await expect(stream.next()).rejects.toThrow('wrong option');
});
