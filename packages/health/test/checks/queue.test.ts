import { describe, expect, test, vi } from 'vitest';
import { type QueueCounts, type QueueOptions, queue } from '../../src/checks/index.ts';
import { stateOf } from './state-of.ts';

const of = (counts: unknown, options: QueueOptions = {}) =>
  stateOf(queue(() => counts as QueueCounts, options));

describe('counts', () => {
  test.each<[QueueCounts, QueueOptions, string, string]>([
    [{ waiting: 5 }, {}, 'pass', 'ok'],
    [{ waiting: 9 }, { waiting: { warn: 10, fail: 20 } }, 'pass', 'ok'],
    [{ waiting: 10 }, { waiting: { warn: 10, fail: 20 } }, 'warn', 'saturated'],
    [{ waiting: 20 }, { waiting: { warn: 10, fail: 20 } }, 'fail', 'saturated'],
    [{ waiting: 20 }, { waiting: { fail: 20 } }, 'fail', 'saturated'],
    [{ failed: 1 }, { failed: { warn: 1 } }, 'warn', 'threshold'],
    [{ delayed: 3 }, { delayed: { fail: 2 } }, 'fail', 'threshold'],
    [{ active: 3 }, { active: { warn: 3 } }, 'warn', 'threshold'],
    [{ oldestMs: 299_999 }, { oldest: { warn: '5m', fail: '1h' } }, 'pass', 'ok'],
    [{ oldestMs: 300_000 }, { oldest: { warn: '5m', fail: '1h' } }, 'warn', 'saturated'],
    [{ oldestMs: 3_600_000 }, { oldest: { warn: '5m', fail: '1h' } }, 'fail', 'saturated'],
    [
      { failed: 1, waiting: 20 },
      { failed: { warn: 1 }, waiting: { fail: 9 } },
      'fail',
      'saturated',
    ],
  ])('%o with %o: %s', async (counts, options, status, code) => {
    expect(await of(counts, options)).toMatchObject({ status, code });
  });

  test('all that is told is measured', async () => {
    const state = await of({ waiting: 1, active: 2, delayed: 3, failed: 4, oldestMs: 5 });
    expect(
      state.measurements.map(({ measurement, value, unit }) => [measurement, value, unit]),
    ).toEqual([
      ['waiting', 1, 'jobs'],
      ['oldest', 5, 'ms'],
      ['failed', 4, 'jobs'],
      ['delayed', 3, 'jobs'],
      ['active', 2, 'jobs'],
    ]);
  });

  test.each([
    ['not told, with a threshold', { active: 1 }, { waiting: { warn: 1 } }],
    ['nothing', {}, {}],
    ['nothing at all', undefined, {}],
    ['not a number', { waiting: '5' }, {}],
    ['negative', { waiting: -1 }, {}],
    ['not finite', { waiting: NaN }, {}],
  ])('%s: bad_response', async (_, counts, options) => {
    expect(await of(counts, options)).toMatchObject({ status: 'fail', code: 'bad_response' });
  });

  test('that cannot be had, without the words of the client', async () => {
    const error = Object.assign(new Error('redis://u:canary@h'), { code: 'ECONNREFUSED' });
    expect(await stateOf(queue(() => Promise.reject(error)))).toMatchObject({
      code: 'refused',
      message: 'no counts: ECONNREFUSED',
    });
  });
});

describe('a queue of BullMQ', () => {
  const counts = { waiting: 3, paused: 2, prioritized: 1, active: 4, delayed: 5, failed: 6 };
  const clock = { now: () => 1_000_000 };

  test('waiting, paused and prioritized jobs wait; the oldest is not looked up unasked', async () => {
    const bull = { getJobCounts: vi.fn(async () => counts), getJobs: vi.fn(async () => []) };
    const state = await stateOf(queue(bull, { waiting: { warn: 6 } }));
    expect(state).toMatchObject({ status: 'warn', message: 'waiting: 6 jobs' });
    expect(bull.getJobCounts).toHaveBeenCalledTimes(1);
    expect(bull.getJobs).not.toHaveBeenCalled();
  });

  test.each([
    ['the oldest of each kind', [{ timestamp: 900_000 }, { timestamp: 400_000 }], 600_000],
    ['its delay is no waiting', [{ timestamp: 400_000, delay: 500_000 }], 100_000],
    ['one that has gone meanwhile', [null, undefined, { timestamp: 900_000 }], 100_000],
    ['from a clock that is ahead', [{ timestamp: 2_000_000 }], 0],
    ['none waits', [], 0],
  ])('age: %s', async (_, jobs, value) => {
    const bull = { getJobCounts: async () => counts, getJobs: vi.fn(async () => jobs) };
    const state = await stateOf(queue(bull, { oldest: { warn: '1d' }, clock }));
    expect(state.measurements[1]).toMatchObject({ measurement: 'oldest', value, unit: 'ms' });
    expect(bull.getJobs).toHaveBeenCalledWith(['waiting', 'paused', 'prioritized'], 0, 0, true);
  });

  test('without getJobs() the age is not known, so no pass', async () => {
    const bull = { getJobCounts: async () => counts };
    const state = await stateOf(queue(bull, { oldest: { warn: '1d' } }));
    expect(state).toMatchObject({ status: 'fail', code: 'bad_response' });
  });
});

test('options: every fault is named', () => {
  expect(() =>
    // @ts-expect-error -- none of it is right
    queue(() => ({}), { waiting: { warn: 9, fail: 3 }, failed: { warn: 0 }, oldest: 5, jobs: 1 }),
  ).toThrow(
    /failed\.warn: .*oldest: .*jobs: there is no such option.*waiting\.fail: expected at least warn/,
  );
  // @ts-expect-error -- no queue
  expect(() => queue({})).toThrow('expected a function, or an object with getJobCounts()');
});
