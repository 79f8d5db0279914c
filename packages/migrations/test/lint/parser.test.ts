import { afterEach, expect, it, vi } from 'vitest';
import { MissingPeerError } from '../../src/errors.ts';

afterEach(() => {
  vi.doUnmock('libpg-query');
  vi.resetModules();
});

it('says what to install where the parser is not there, and tries again the next time', async () => {
  vi.resetModules();
  const missing = Object.assign(new Error("Cannot find package 'libpg-query'"), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
  vi.doMock('libpg-query', () => ({
    loadModule: () => Promise.reject(missing),
    parseSync: vi.fn<() => void>(),
  }));
  const { loadParser } = await import('../../src/lint/parser.ts');
  const error: unknown = await loadParser().catch((caught: unknown) => caught);
  // Modules were loaded anew, so the class is another one.
  expect(error).toMatchObject({
    name: MissingPeerError.name,
    code: 'ERR_OPS_MIGRATION_PEER',
    peer: 'libpg-query',
    cause: missing,
  });
  expect((error as Error).message).toContain('npm install --save-dev libpg-query@18');
  vi.doUnmock('libpg-query');
  expect((await loadParser()).parse('select 1')).toHaveLength(1);
});
