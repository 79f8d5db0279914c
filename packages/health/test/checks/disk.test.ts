import { expect, test } from 'vitest';
import { disk, type FileSystemCounts } from '../../src/checks/index.ts';
import { createHealth } from '../../src/index.ts';
import { stateOf } from './state-of.ts';

const EMPTY = { blocks: 1_000, bfree: 1_000, bavail: 1_000, files: 1_000, ffree: 1_000 };
const of = (counts: Partial<FileSystemCounts>, thresholds = {}) =>
  stateOf(disk({ ...thresholds, statfs: () => Promise.resolve({ ...EMPTY, ...counts }) }));

test('the real file system', async () => {
  const state = await stateOf(disk({ warn: 1, fail: 1 }));
  expect(state.measurements[0]).toMatchObject({ measurement: 'utilization', status: 'pass' });
  expect(state.measurements[0]?.value).toBeGreaterThan(0);
});

test.each([
  ['half', { bfree: 500, bavail: 500 }, {}, 'pass', 0.5],
  ['9 of 10', { bfree: 100, bavail: 100 }, {}, 'warn', 0.9],
  ['97 of 100', { bfree: 30, bavail: 30 }, {}, 'fail', 0.97],
  ['what is reserved for root is not there', { bfree: 100, bavail: 0 }, {}, 'fail', 1],
  ['own thresholds', { bfree: 500, bavail: 500 }, { warn: 0.4, fail: 0.6 }, 'warn', 0.5],
  ['fail below the default of warn', { bfree: 500, bavail: 500 }, { fail: 0.5 }, 'fail', 0.5],
])('space: %s', async (_, counts, thresholds, status, value) => {
  const state = await of(counts, thresholds);
  expect(state.status).toBe(status);
  expect(state.code).toBe(status === 'pass' ? 'ok' : 'threshold');
  expect(state.measurements[0]).toMatchObject({ measurement: 'utilization', value });
});

test('no inode left fails, though there is space', async () => {
  expect(await of({ ffree: 0 })).toMatchObject({
    status: 'fail',
    code: 'threshold',
    message: '100.0 % of the inodes in use',
  });
});

test('inodes that are not counted are left out; nothing at all is no pass', async () => {
  expect((await of({ files: 0, ffree: 0 })).measurements).toHaveLength(1);
  const nothing = { blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
  expect(await of(nothing)).toMatchObject({ status: 'fail', code: 'bad_response' });
});

test('a path that there is not, without the path', async () => {
  expect(await stateOf(disk({ path: '/no/such/customer-4711' }))).toMatchObject({
    status: 'fail',
    code: 'error',
    message: 'no file system: ENOENT',
  });
});

test('it may be in live', async () => {
  await using health = createHealth({ checks: { disk: disk() }, groups: { live: ['disk'] } });
  expect(health.report('live').status).toBe('pass');
});

test('options: every fault is named', () => {
  // @ts-expect-error -- none of it is right
  expect(() => disk({ path: '', warn: 2, fail: 0, free: 1 })).toThrow(
    /path: expected a path.*warn: .*fail: .*free: there is no such option/,
  );
  expect(() => disk({ warn: 0.9, fail: 0.8 })).toThrow(
    'fail: expected at least warn, which is 0.9',
  );
});
