import { expect, test } from 'vitest';
import { readOptions } from '../src/check/index.ts';
import { InvalidOptionsError } from '../src/index.ts';

function faultOf(options: unknown): string {
  const read = readOptions('createThing', options);
  read.duration('wait');
  read.value('url', 'a URL', (value) => value === 'right');
  const lock = read.group('lock');
  lock.count('attempts', 1);
  lock.duration('wait', 5);
  try {
    read.done();
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.message;
    throw error;
  }
  return 'no fault';
}

test('takes options and groups that are right or absent', () => {
  expect(faultOf({})).toBe('no fault');
  expect(faultOf({ wait: '1s', url: 'right', lock: { attempts: 2, wait: 5 } })).toBe('no fault');
});

test('names every fault by its path, those of groups and keys that nobody knows included', () => {
  expect(faultOf({ wait: -1, wiat: 1, lock: { attempts: 0, wait: '1ms', again: true } })).toBe(
    "createThing: wait: expected milliseconds from 0 or '250ms', '30s', '5m', '24h', '90d', got -1; lock.attempts: expected a whole number of 1 or more, got 0; lock.wait: expected at least 5 ms, got '1ms'; wiat: no such option (there are wait, url, lock); lock.again: no such option (there are attempts, wait)",
  );
});

test('says what a group has to be, and shows no string that may be a secret', () => {
  const message = faultOf({ url: 'postgres://me:hunter2@db', lock: 7 });
  expect(message).toContain('lock: expected an options object, got 7');
  expect(message).toContain('url: expected a URL, got another string');
  expect(message).not.toContain('hunter2');
});
