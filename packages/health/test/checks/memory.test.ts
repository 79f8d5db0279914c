import { describe, expect, test } from 'vitest';
import { type MemoryOptions, memory } from '../../src/checks/index.ts';
import { stateOf } from './state-of.ts';

const MiB = 1_048_576;
const idle = () => ({ usedBytes: 1, limitBytes: 100 });

/** Reads from these files; every other one is not there. */
function files(contents: Readonly<Record<string, string | Error>>) {
  return (path: string): Promise<string> => {
    const found = contents[path];
    if (typeof found === 'string') return Promise.resolve(found);
    return Promise.reject(found ?? Object.assign(new Error(path), { code: 'ENOENT' }));
  };
}

function of(contents: Readonly<Record<string, string | Error>>, options: MemoryOptions = {}) {
  const sources = { readText: files(contents), heap: idle, machine: idle, ...options.sources };
  return stateOf(memory({ ...options, sources }));
}

function group(directory: string, limit: string, usage: number, inactive = 0) {
  return {
    [`/sys/fs/cgroup${directory}/memory.max`]: `${limit}\n`,
    [`/sys/fs/cgroup${directory}/memory.current`]: `${usage}\n`,
    [`/sys/fs/cgroup${directory}/memory.stat`]: `anon 5\ninactive_file ${inactive}\nfile 9\n`,
  };
}

function groupV1(directory: string, limit: string, usage: number, inactive = 0) {
  const root = `/sys/fs/cgroup/memory${directory}`;
  return {
    [`${root}/memory.limit_in_bytes`]: `${limit}\n`,
    [`${root}/memory.usage_in_bytes`]: `${usage}\n`,
    [`${root}/memory.stat`]: `inactive_file 1\ntotal_inactive_file ${inactive}\n`,
  };
}

const OWN = '/proc/self/cgroup';
const LIMIT = String(512 * MiB);

test('the real process', async () => {
  const state = await stateOf(memory());
  expect(state.measurements.map(({ measurement }) => measurement)).toEqual([
    'utilization',
    'heapUtilization',
  ]);
  for (const { value } of state.measurements) expect(value).toBeGreaterThan(0);
});

describe('control group', () => {
  test.each([
    ['in a container', { [OWN]: '0::/\n', ...group('', LIMIT, 256 * MiB) }, 0.5],
    [
      'files that can be dropped do not count',
      { [OWN]: '0::/\n', ...group('', LIMIT, 512 * MiB, 384 * MiB) },
      0.25,
    ],
    ['on a host', { [OWN]: '0::/a/b\n', ...group('/a/b', LIMIT, 128 * MiB) }, 0.25],
    [
      'the fullest of those around it',
      {
        [OWN]: '0::/a/b\n',
        ...group('/a/b', LIMIT, 128 * MiB),
        ...group('/a', String(1_024 * MiB), 768 * MiB),
      },
      0.75,
    ],
    [
      'the path of the host, of which only the end is mounted',
      { [OWN]: '0::/docker/abc\n', ...group('', LIMIT, 256 * MiB) },
      0.5,
    ],
    ['outside of the namespace', { [OWN]: '0::/../x\n', ...group('', LIMIT, 256 * MiB) }, 0.5],
    [
      'version 1',
      { [OWN]: '5:cpu:/\n4:memory:/x\n0::/\n', ...groupV1('/x', LIMIT, 256 * MiB, 128 * MiB) },
      0.25,
    ],
    [
      'version 1, mounted with others, limited further out',
      {
        [OWN]: '4:cpu,memory:/x\n',
        ...groupV1('/x', '9223372036854771712', 1),
        ...groupV1('', LIMIT, 256 * MiB),
      },
      0.5,
    ],
    ['none has a limit: the machine', { [OWN]: '0::/a\n', ...group('/a', 'max', 5) }, 0.01],
    ['another system than Linux: the machine', {}, 0.01],
  ])('%s', async (_, contents, value) => {
    const state = await of(contents);
    expect(state.measurements[0]).toMatchObject({ measurement: 'utilization', value });
  });

  test('may not be read: a warning, as a restart would not help', async () => {
    const denied = Object.assign(new Error('x'), { code: 'EACCES' });
    expect(await of({ [OWN]: denied })).toMatchObject({
      status: 'warn',
      code: 'insufficient_privilege',
      message: 'the control group cannot be read',
    });
  });

  test.each(['rubbish', '', '-1'])('with %j for a limit: bad_response', async (limit) => {
    const state = await of({ [OWN]: '0::/\n', ...group('', limit, 5) });
    expect(state).toMatchObject({ status: 'fail', code: 'bad_response' });
  });
});

test.each([
  [0.89, {}, 'pass'],
  [0.9, {}, 'warn'],
  [0.97, {}, 'fail'],
  [0.5, { fail: 0.5 }, 'fail'],
  [0.5, { warn: 0.5 }, 'warn'],
])('%d of the heap limit, %o: %s', async (share, thresholds, status) => {
  const heap = () => ({ usedBytes: share * 100 * MiB, limitBytes: 100 * MiB });
  const state = await of({}, { ...thresholds, sources: { heap } });
  expect(state).toMatchObject({ status, code: status === 'pass' ? 'ok' : 'threshold' });
  expect(state.measurements[1]).toMatchObject({ measurement: 'heapUtilization', value: share });
});

test('options: every fault is named', () => {
  // @ts-expect-error -- none of it is right
  expect(() => memory({ warn: '90%', sources: { heap: 1 }, limit: 1 })).toThrow(
    /warn: .*sources\.heap: expected a function, got 1; limit: there is no such option/,
  );
});
