import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../src/index.ts';
import { keys } from '../../src/ingest/index.ts';

const credentials = (key: string | undefined, headers: Record<string, string> = {}) => ({
  key,
  request: new Request('http://x/', { headers }),
});

it('accepts any of its keys, and names the sender without giving the key away', async () => {
  const auth = keys(['first-key', 'second-key']);
  const first = await auth(credentials('first-key'));
  expect(first).toMatch(/^key:[\da-f]{8}$/);
  expect(first).not.toBe(await auth(credentials('second-key')));
});

it('names senders as they are called in an object', async () => {
  const auth = keys({ web: 'first-key', worker: { key: 'second-key' } });
  expect(await auth(credentials('first-key'))).toBe('web');
  expect(await auth(credentials('second-key'))).toBe('worker');
  expect(await auth(credentials('web'))).toBeNull();
});

it.each([
  undefined,
  '',
  'first-ke',
  'first-keyy',
  'FIRST-KEY',
  'x'.repeat(10_000),
  '__proto__',
  'toString',
])('refuses %j', async (key) => {
  expect(await keys(['first-key', 'second-key'])(credentials(key))).toBeNull();
  expect(await keys({ web: 'first-key' })(credentials(key))).toBeNull();
});

describe('a key with origins', () => {
  const auth = keys({
    web: { key: 'k', origins: ['https://app.example.com', 'http://localhost:3000'] },
  });

  it.each(['https://app.example.com', 'http://localhost:3000'])('works from %s', async (origin) => {
    expect(await auth(credentials('k', { origin }))).toBe('web');
  });

  it.each([
    'https://app.example.com.evil.test',
    'http://app.example.com',
    'https://evil.test',
    'null',
    '',
  ])('is refused from %j', async (origin) => {
    expect(await auth(credentials('k', { origin }))).toBeNull();
  });

  it('is refused without an origin', async () => {
    expect(await auth(credentials('k'))).toBeNull();
  });
});

it.each([
  ['no key', []],
  ['no key by name', {}],
  ['text', 'a-key'],
  ['nothing', undefined],
  ['two that are equal', ['k', 'k']],
  ['a wrong origin', { web: { key: 'k', origins: ['https://app.example.com/'] } }],
  ['origins that are no list', { web: { key: 'k', origins: 'https://app.example.com' } }],
])('refuses to be made of %s', (_name, accepted) => {
  expect(() => keys(accepted as never)).toThrow(InvalidOptionsError);
});

it('says which key is unusable, and not the key', () => {
  expect(() => keys(['ok', ''])).toThrow(/keys\.1/);
  expect(() => keys(['pass word'])).toThrow(/^(?!.*pass word)/);
  expect(() => keys({ web: 'user:secret' })).toThrow(/^(?!.*secret).*keys\.web/);
});
