import { expect, test } from 'vitest';
import { downstream, oidc, rateLimiter, tls } from '../src/checks/index.ts';

test('an option that is undefined leaves the default of the check', () => {
  const unsaid = { every: undefined, critical: undefined };
  expect(tls({ host: 'a', ...unsaid }).every).toBe('1m');
  expect(oidc({ issuer: 'https://a', ...unsaid }).every).toBe('1m');
  expect(rateLimiter({ consume: () => true, ...unsaid }).every).toBe('1m');
  expect(downstream({ url: 'https://a', ...unsaid }).critical).toBe(false);
});

test('what is said replaces it', () => {
  expect(tls({ host: 'a', every: '5m' }).every).toBe(300_000);
  expect(tls({ host: 'a', ttl: '5s' }).every).toBe(undefined);
  expect(downstream({ url: 'https://a', critical: true }).critical).toBe(true);
});
