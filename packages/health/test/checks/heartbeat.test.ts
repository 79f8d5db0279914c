import { expect, test } from 'vitest';
import { heartbeat } from '../../src/checks/index.ts';
import { createHealth } from '../../src/index.ts';
import { manualClock } from '../manual-clock.ts';

function start(options: Partial<Parameters<typeof heartbeat>[0]> = {}) {
  const clock = manualClock();
  const worker = heartbeat({ every: '10s', clock, ttl: '1ms', ...options });
  const health = createHealth({ checks: { worker }, groups: { live: ['worker'] }, clock });
  const codeAfter = async (ms: number) => {
    await clock.advance(ms);
    return (await health.check()).checks.worker.code;
  };
  return { worker, health, codeAfter };
}

test('passes as long as it beats, one beat may be missed', async () => {
  const { worker, health, codeAfter } = start();
  expect(await codeAfter(20_000)).toBe('ok');
  expect(await codeAfter(1)).toBe('threshold');
  worker.beat();
  expect(await codeAfter(20_000)).toBe('ok');
  expect(await codeAfter(1)).toBe('threshold');
  expect(health.report().checks.worker).toMatchObject({
    status: 'fail',
    message: 'last beat 20001 ms ago; one is due every 10000 ms, and may be 10000 ms late',
  });
  await health.stop();
});

test('no beat at all: counts from when it was made', async () => {
  const { health, codeAfter } = start({ grace: 0 });
  expect(await codeAfter(10_000)).toBe('ok');
  expect(await codeAfter(1)).toBe('threshold');
  expect(health.report().checks.worker.message).toMatch(/^no beat yet, made 10001 ms ago/);
  await health.stop();
});

test('its interval is no schedule of the check', () => {
  expect(heartbeat({ every: '10s' }).every).toBeUndefined();
});

test('options: every fault is named', () => {
  // @ts-expect-error -- none of it is right
  expect(() => heartbeat({ grace: '1 s', jitter: 0.1 })).toThrow(
    /every: .*grace: .*jitter: there is no such option/,
  );
});
