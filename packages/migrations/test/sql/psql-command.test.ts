import { describe, expect, test } from 'vitest';
import { describePsqlCommand } from '../../src/sql/psql-command.ts';

describe('describePsqlCommand', () => {
  test.each([
    ['\\restrict abc', '\\restrict', 'Remove the line; pg_dump'],
    ['\\unrestrict abc', '\\unrestrict', 'Remove the line; pg_dump'],
    ['\\.', '\\.', 'insert statements'],
    ['\\copy t from x.csv', '\\copy', 'insert statements'],
    ['\\i other.sql', '\\i', 'the other file'],
    ['\\ir ../x.sql', '\\ir', 'the other file'],
    ['\\gset', '\\gset', 'PL/pgSQL'],
    ['\\set a 1', '\\set', 'PL/pgSQL'],
    ['\\if :x', '\\if', 'PL/pgSQL'],
    ['\\gexec', '\\gexec', 'execute in a do block'],
    ['\\c other', '\\c', 'database of the connection'],
    ["\\echo it's", '\\echo', 'raise notice'],
    ['\\d+ t', '\\d+', 'Remove the line'],
    ['\\timing on', '\\timing', 'Remove the line'],
    ['\\! rm x', '\\!', 'Write the SQL itself'],
    ['\\', '\\', 'Write the SQL itself'],
    ['\\nonsense', '\\nonsense', 'Write the SQL itself'],
  ])('%s', (text, name, hint) => {
    const found = describePsqlCommand(text);
    expect(found.message).toBe(`${name} is a psql command, not SQL`);
    expect(found.hint).toContain(hint);
  });
});
