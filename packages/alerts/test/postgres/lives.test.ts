import { expect, it } from 'vitest';
import { createLives } from '../../src/postgres/lives.ts';

it('knows the life that was seen last, and forgets the oldest beyond 20,000', () => {
  const lives = createLives();
  expect(lives.of('a')).toBeNull();
  lives.saw('a', 1);
  lives.saw('a', 2);
  expect(lives.of('a')).toBe(2);
  for (let at = 0; at < 19_999; at += 1) lives.saw(`k${at}`, at);
  expect(lives.of('a')).toBe(2);
  lives.saw('one more', 1);
  expect(lives.of('a')).toBeNull();
  expect(lives.of('k0')).toBe(0);
});
