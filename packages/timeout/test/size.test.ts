import { expect, it } from 'vitest';
import { gzippedSize } from '../bench/sizes.ts';

// What an application pays, with the dependencies, minified and gzipped. The limits are what was
// reached, rounded up: a change that adds to them has to say why.
// 50 bytes of the second are for groups of options, which the packages need that check without zod.
it.each([
  ["import { withTimeout } from './src/index.ts'; withTimeout();", 1_700],
  ["export { deadline, pipeline, timeout } from './src/index.ts';", 4_450],
  ["export { deadline, pipeline, retry, timeout } from './src/index.ts';", 7_300],
  ["export * from './src/index.ts';", 11_400],
])('%s has at most %d bytes', async (code, limitBytes) => {
  expect(await gzippedSize(code)).toBeLessThanOrEqual(limitBytes);
});

it('loads neither zod nor anything of Node with the main entry', async () => {
  const main = await gzippedSize("export * from './src/index.ts';");
  const withZod = await gzippedSize("export * from './src/options/index.ts';");
  expect(withZod).toBeGreaterThan(main * 2);
});
