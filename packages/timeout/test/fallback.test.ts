import { expect, it, vi } from 'vitest';
import { deadlineIn, fallback, InvalidOptionsError, pipeline, timeout } from '../src/index.ts';
import { assertNothingLeft, manualClock } from '../src/testing/index.ts';
import { caught, never, watch } from './outcomes.ts';

it('answers in place of an error, and may throw it on', async () => {
  const down = new Error('down');
  const run = pipeline(fallback((error) => ({ instead: error })));
  expect(await run(() => Promise.reject(down))).toEqual({ instead: down });
  expect(await run(async () => 'well')).toBe('well');
  const strict = pipeline(
    fallback((error) => {
      throw error;
    }),
  );
  expect(await caught(strict(() => Promise.reject(down)))).toBe(down);
});

it('is not asked when the caller aborted', async () => {
  const handler = vi.fn();
  const controller = new AbortController();
  const onEvent = vi.fn();
  const run = pipeline({ onEvent }, fallback(handler));
  const outcome = caught(run(never, { signal: controller.signal }));
  controller.abort('left');
  expect(await outcome).toBe('left');
  expect(onEvent).not.toHaveBeenCalled();
  expect(handler).not.toHaveBeenCalled();
});

it('is itself held to the deadline and the signal', async () => {
  const clock = manualClock();
  const run = pipeline({ clock }, fallback(never), timeout('1s'));
  const late = watch(run(never, { deadline: deadlineIn('3s', clock) }));
  const controller = new AbortController();
  const aborted = watch(run(never, { signal: controller.signal }));
  await clock.advance(2_999);
  expect(late.error).toBeUndefined();
  await clock.advance(1);
  expect(late.error).toMatchObject({ scope: 'total', timeoutMs: 3_000 });
  controller.abort('left');
  await clock.advance(0);
  expect(aborted.error).toBe('left');
  assertNothingLeft({ clock, signals: [controller.signal] });
});

it('refuses what is no function', () => {
  expect(() => fallback('cached' as never)).toThrow(InvalidOptionsError);
});
