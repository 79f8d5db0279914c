import { expect, it } from 'vitest';
import { InvalidOptionsError } from '../../src/index.ts';
import { keys } from '../../src/ingest/index.ts';

const request = (authorization?: string) =>
  new Request('http://x/', { headers: authorization === undefined ? {} : { authorization } });

it('accepts any of its keys, and names the sender without giving the key away', async () => {
  const auth = keys(['first-key', 'second-key']);
  expect(await auth(request('Bearer first-key'))).toMatch(/^key:[\da-f]{8}$/);
  expect(await auth(request('bearer second-key'))).toMatch(/^key:[\da-f]{8}$/);
  expect(await auth(request('Bearer first-key'))).not.toBe(
    await auth(request('Bearer second-key')),
  );
});

it.each([
  undefined,
  '',
  'first-key',
  'Bearer',
  'Bearer ',
  'Bearer first-ke',
  'Bearer first-keyy',
  'Bearer first-key second-key',
  'Basic first-key',
  `Bearer ${'x'.repeat(10_000)}`,
])('refuses %j', async (authorization) => {
  expect(await keys(['first-key', 'second-key'])(request(authorization))).toBeNull();
});

it('needs usable keys', () => {
  expect(() => keys([])).toThrow(InvalidOptionsError);
  expect(() => keys(['ok', ''])).toThrow(/keys\.1/);
  expect(() => keys(['pass word'])).toThrow(/^(?!.*pass word)/);
  expect(() => keys('a-key' as never)).toThrow(InvalidOptionsError);
});
