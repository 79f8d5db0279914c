import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { flyway } from '../../../src/history/adopt/flyway.ts';
import { graphileMigrate } from '../../../src/history/adopt/graphile-migrate.ts';
import { prisma } from '../../../src/history/adopt/prisma.ts';
import type { Difference, Tool } from '../../../src/history/adopt/tool.ts';
import type { MigrationFile } from '../../../src/sources/source.ts';
import { file, readRows } from './rows.ts';

async function compare(
  tool: Tool,
  row: object,
  given: Partial<MigrationFile>,
): Promise<Difference | undefined> {
  const { entries } = await readRows(tool, [row]);
  return entries[0]?.compare?.(file({ version: '1', ...given }));
}

describe('Flyway', () => {
  const row = (checksum: number): object => ({
    version: '1',
    description: 'a',
    type: 'SQL',
    script: 'V1__a.sql',
    checksum: String(checksum),
    applied_ms: '0',
    success: true,
  });
  // The check value of CRC-32 is 0xcbf43926 for the bytes 123456789.
  const known = row(0xcb_f4_39_26 | 0);

  test.each(['123456789', '1234\n56789\n', '\n12\r34\r\n56789'])('%j', async (text) => {
    expect(await compare(flyway, known, { text })).toBeUndefined();
  });

  test('white space within a line counts, and letters are UTF-8', async () => {
    expect(await compare(flyway, known, { text: '123456789 ' })).toEqual({
      message: expect.stringMatching(/^has the checksum -?\d+, Flyway recorded -873187034$/),
      offset: undefined,
    });
    // zlib.crc32(b'select \'\xc3\xb6\'') in Python.
    expect(await compare(flyway, row(1264624421), { text: "select 'ö'" })).toBeUndefined();
  });
});

describe('Prisma', () => {
  const row = (checksum: string): object => ({
    migration_name: '1_a',
    checksum,
    finished_ms: '0',
  });
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

  test('knows what its own test knows', async () => {
    const known = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    expect(await compare(prisma, row(known), { text: 'hello' })).toBeUndefined();
    expect(await compare(prisma, row(known), { text: 'hello\n' })).toEqual({
      message: `has the checksum ${sha256('hello\n')}, Prisma recorded ${known}`,
      offset: undefined,
    });
  });

  test.each(['a\nb\n', 'a\r\nb\r\n', '\uFEFFa\nb\n', '\uFEFFa\r\nb\r\n'])(
    'what was recorded of %j fits the file on any checkout',
    async (recorded) => {
      const given = { text: 'a\nb\n', rawHash: sha256('a\nb\n') };
      expect(await compare(prisma, row(sha256(recorded)), given)).toBeUndefined();
    },
  );

  test('mixed line ends fit byte by byte', async () => {
    const given = { text: 'a\nb\n', rawHash: sha256('a\r\nb\n') };
    expect(await compare(prisma, row(sha256('a\r\nb\n')), given)).toBeUndefined();
  });

  test('checksums of early versions lack zeros', async () => {
    // f004c60e…: the bytes 04, 0d and 0e are written with one digit.
    const hash = sha256('create table t_13 ();');
    const early = Buffer.from(hash, 'hex').reduce((all, byte) => all + byte.toString(16), '');
    expect(early.length).toBeLessThan(64);
    expect(await compare(prisma, row(early), { text: 'create table t_13 ();' })).toBeUndefined();
  });
});

describe('Graphile Migrate', () => {
  // Hashes by calculateHash of graphile-migrate 1.4.1.
  const first = 'sha1:2c4d6a069bdc2470d5ffd31bb7a89bc9077ed03e';
  const second = 'sha1:e99624ae5908101bd1606a0880f2db258a8182f0';
  const row = (hash: string, previous: string | null): object => ({
    hash,
    previous_hash: previous,
    filename: '000001.sql',
    applied_ms: '0',
  });
  const body = 'create table notes (id int);\n\ninsert into notes values (1);\n';

  test('of the first', async () => {
    const text = `--! Previous: -\n--! Hash: ${first}\n\n${body}`;
    expect(await compare(graphileMigrate, row(first, null), { text })).toBeUndefined();
    const edited = text.replace('(1)', '(2)');
    expect(await compare(graphileMigrate, row(first, null), { text: edited })).toEqual({
      message: expect.stringMatching(
        `^has the hash sha1:[0-9a-f]{40}, Graphile Migrate recorded ${first}$`,
      ),
      offset: undefined,
    });
  });

  test('of the next, over the one before', async () => {
    const text = `--! Previous: ${first}\n--! Hash: ${second}\n--! Message: tags\n\n  create table tags (id int);\n`;
    expect(await compare(graphileMigrate, row(second, first), { text })).toBeUndefined();
    expect(await compare(graphileMigrate, row(second, null), { text })).toBeDefined();
  });

  test('an author who allows another hash is heard', async () => {
    const text = `--! AllowInvalidHash\n--! Previous: -\n--! Hash: ${first}\n\nselect 1;\n`;
    expect(await compare(graphileMigrate, row(first, null), { text })).toBeUndefined();
  });

  test('an unknown kind of hash is said', async () => {
    const odd = row('sha999:00', null);
    expect(await compare(graphileMigrate, odd, { text: body })).toMatchObject({
      message: expect.stringContaining('unknown kind'),
    });
  });
});
