import { InvalidOptionsError } from '@ops/timeout';
import { describe, expect, it } from 'vitest';
import { definePack, directory, pack } from '../../src/index.ts';
import { explain, lint, ruleIds } from '../../src/lint/index.ts';
import { useFolder } from '../folder.ts';
import { lintFolder, lintText, NOW, rulesOf } from './example.ts';

const folder = useFolder();

describe('places', () => {
  it('counts characters, whatever bytes and UTF-16 units they take', async () => {
    const { findings } = await lintText(
      '/* 😀é */ select \'⚡\'; drop table ö, "😀";\ndrop table é;',
    );
    expect(findings.map((f) => [f.line, f.column, f.endLine, f.endColumn])).toEqual([
      [1, 33, 1, 34],
      [1, 36, 1, 39],
      [2, 12, 2, 13],
    ]);
    expect(findings[0]?.excerpt).toEqual(['/* 😀é */ select \'⚡\'; drop table ö, "😀";']);
  });

  it('is the same with CRLF and a byte order mark', async () => {
    const lf = await lintText("select 'é\n';\ndrop table a;");
    const crlf = await lintText("\ufeffselect 'é\r\n';\r\ndrop table a;");
    expect(crlf).toEqual(lf);
    expect(lf.findings).toMatchObject([{ line: 3, column: 12, statement: 2, statementCount: 2 }]);
  });

  it('stays right where the file as a whole cannot be parsed', async () => {
    const { findings } = await lintText("select 'é😀' fro m x;\n/* é */ update t set a = 'é';");
    expect(findings.map(({ rule, line, column }) => [rule, line, column])).toEqual([
      ['syntax-error', 1, 17],
      ['unbatched-backfill', 2, 16],
    ]);
  });
});

describe('syntax errors', () => {
  it('are one a file, and the other statements still count', async () => {
    const report = await lintFolder(folder, {
      '1_a.sql': 'create table a (id bigint);\ncreate tabel b ();\ncreate tabel c ();',
      '2_b.sql': 'create index concurrently a_id on a (id);\ncreate table a (id bigint);',
    });
    expect(report.findings.map(({ rule, line }) => [rule, line])).toEqual([
      ['syntax-error', 2],
      ['object-already-exists', 2],
    ]);
  });

  it.each([
    ["select 'a", 'unterminated quoted string', 1, 8],
    ['select 1;\n\\connect other\nselect 2;', '\\connect is a psql command, not SQL', 2, 1],
    ['select 1;\nselect \0 2;', 'a NUL byte, which PostgreSQL cannot take', 2, 8],
    [`select ${'('.repeat(20_000)}1`, 'memory exhausted', 1, undefined],
  ])('says what and where: %j', async (text, message, line, column) => {
    const { findings } = await lintText(text);
    expect(findings).toMatchObject([{ rule: 'syntax-error', line, ...(column ? { column } : {}) }]);
    expect(findings[0]?.message).toContain(message);
  });

  it.each([3_000, 6_000, 9_000, 60_000])('does not run out of stack at depth %d', async (depth) => {
    const sum = `${'1+'.repeat(depth)}1`;
    const { findings } = await lintText(`create index on t ((a + ${sum}));
create view v as select ${sum} as s;
drop table a;`);
    expect(findings.at(-1)).toMatchObject({ rule: 'ban-drop-table', line: 3 });
    const [first] = findings;
    expect([
      'nested more deeply than the parser can follow',
      'index on t is built while writes wait',
    ]).toContain(first?.message);
  });

  it('leaves the parser usable', async () => {
    await lintText(`select ${'(1+'.repeat(50_000)}`);
    expect(rulesOf(await lintText('drop table a;'))).toEqual(['ban-drop-table']);
  });
});

describe('history', () => {
  it('exempts tables of the same file, not of an earlier one', async () => {
    const files = {
      '1_a.sql': 'create table a (b bigint);\ncreate index a_b on a (b);',
      '2_b.sql': 'alter table a add column c bigint;\ncreate index a_c on a (c);',
    };
    const report = await lintFolder(folder, files);
    expect(report.findings).toMatchObject([
      { rule: 'require-concurrent-index-creation', statement: 2 },
      { rule: 'data-work-under-lock', statement: 2 },
    ]);
  });

  it('takes the files from `since` on for one run', async () => {
    const files = {
      '1_a.sql': 'create table a (b bigint);\ndrop table old;',
      '2_b.sql': 'create table b (c bigint);',
      '3_c.sql': 'create index b_c on b (c);\ncreate index a_b on a (b);',
    };
    const report = await lintFolder(folder, files, { since: '002' });
    expect(report.findings).toMatchObject([{ rule: 'require-concurrent-index-creation', line: 2 }]);
    expect(report).toMatchObject({ fileCount: 2, statementCount: 3 });
    const applied = await lintFolder(folder, files, { assumeApplied: ['1', '3'] });
    expect(applied).toMatchObject({ fileCount: 1, findings: [] });
  });

  it('knows what down sections and down files would undo is not run', async () => {
    const report = await lintFolder(folder, {
      '1_a.sql': '-- ops: up\ncreate table a (b bigint);\n-- ops: down\ndrop table a;',
      '2_b.up.sql': 'create table b (c bigint);',
      '2_b.down.sql': 'drop table b;',
    });
    expect(report.findings).toEqual([]);
    expect(report.statementCount).toBe(2);
  });

  it('gives each statement its own transaction where the file says so', async () => {
    const statements = `alter table a add constraint c check (b > 0) not valid;
alter table a validate constraint c;`;
    expect(rulesOf(await lintText(statements))).toEqual(['validate-in-same-transaction']);
    expect(rulesOf(await lintText(`-- ops: no-transaction\n${statements}`))).toEqual([]);
  });

  it('counts validating and reading as work under a lock that is held', async () => {
    const held = 'alter table a add column b bigint;\n';
    const under = ['data-work-under-lock'];
    expect(rulesOf(await lintText(`${held}alter table c validate constraint d;`))).toEqual(under);
    expect(rulesOf(await lintText(`${held}select count(*) from c;`))).toEqual(under);
    expect(rulesOf(await lintText(`${held}select set_config('a.b', 'c', true);`))).toEqual([]);
    expect(rulesOf(await lintText('alter table c validate constraint d;'))).toEqual([]);
  });

  it('reads packs, whose schema is a placeholder', async () => {
    const events = definePack({
      name: 'events',
      migrations: [
        { version: '1', name: 'a', sql: 'create table {{schema}}.a (b bigint);' },
        { version: '2', name: 'b', sql: '/* é */ create index a_b on {{schema}}.a (b);' },
      ],
    });
    const { findings } = await lint({ sources: [pack(events)], clock: NOW });
    expect(findings).toMatchObject([{ rule: 'require-concurrent-index-creation', column: 9 }]);
  });

  it('supposes that a module, or a do block, may have made what it names', async () => {
    const use = 'create index concurrently a_b on a (b);';
    const later = 'create table a (b bigint);';
    expect(rulesOf(await lintFolder(folder, { '2_use.sql': use, '3_a.sql': later }))).toEqual([
      'object-created-later',
    ]);
    const block = "do $$ begin execute 'create table a (b bigint)'; end $$;";
    // A part of a longer word is no mention.
    const other = "do $$ begin execute 'create table aa ()'; end $$;";
    const files = { '1_do.sql': other, '2_use.sql': use, '3_a.sql': later };
    expect(rulesOf(await lintFolder(folder, files))).toEqual(['object-created-later']);
    await folder.remove('2_use.sql');
    const guarded = { '1_do.sql': block, '3_a.sql': 'create table if not exists a (b bigint);' };
    expect((await lintFolder(folder, guarded)).findings).toEqual([]);
  });
});

describe('files', () => {
  it('reports what `up` would refuse, each by its rule', async () => {
    const report = await lintFolder(folder, {
      '1_a.sql': 'select 1;',
      '1_b.sql': 'select 1;',
      'notes.sql': 'select 1;',
      '20260102120000_tomorrow.sql': 'select 1;',
      '20260103000000_ahead.sql': 'select 1;',
      '3_directive.sql': '-- ops: sideways\nselect 1;',
    });
    expect(report.findings.map(({ rule, file }) => [file.replace(/.*\//, ''), rule])).toEqual([
      ['1_b.sql', 'duplicate-version'],
      ['3_directive.sql', 'unusable-file'],
      ['20260102120000_tomorrow.sql', 'far-future-version'],
      ['20260103000000_ahead.sql', 'far-future-version'],
      ['notes.sql', 'ignored-file-name'],
    ]);
  });

  it('reports a folder and a file that are not there instead of failing', async () => {
    const report = await lint({ sources: [directory(`${folder.path}/nowhere`)] });
    expect(report.findings).toMatchObject([{ rule: 'unusable-file', line: 1, column: 1 }]);
    const one = await lint({ files: [`${folder.path}/nowhere.sql`] });
    expect(one.findings).toMatchObject([{ rule: 'unusable-file' }]);
  });

  it('reads single files by path, without judging their names', async () => {
    await folder.write({ 'whatever.sql': 'drop table a;' });
    const report = await lint({ files: [`${folder.path}/whatever.sql`] });
    expect(report.findings).toMatchObject([{ rule: 'ban-drop-table', statement: 1 }]);
  });
});

describe('options', () => {
  it('changes severities', async () => {
    const rules = { 'ban-drop-table': 'error', 'ban-drop-column': 'off' } as const;
    const report = await lintText('drop table a;\nalter table b drop column c;', { rules });
    expect(report).toMatchObject({ errorCount: 1, warningCount: 0 });
  });

  it('names everything that is wrong with them', async () => {
    const wrong = { rules: { nonsense: 'error', 'ban-drop-table': 'loud' }, since: 'x', fiels: [] };
    const error: unknown = await lint(wrong as object).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    for (const word of ['nonsense', 'ban-drop-table', 'since', 'fiels', 'sources or files']) {
      expect((error as Error).message).toContain(word);
    }
  });

  it('knows what a version of PostgreSQL can do', async () => {
    const detach = 'alter table a detach partition b;';
    expect(rulesOf(await lintText(detach, { serverVersion: 13 }))).toEqual([]);
    const set = 'alter table a alter column b set not null;';
    const rewrite = async (serverVersion: number): Promise<string | undefined> =>
      (await lintText(set, { serverVersion })).findings[0]?.safeRewrite;
    expect(await rewrite(17)).toContain('check (b is not null) not valid');
    expect(await rewrite(18)).toContain('not null b not valid');
    const withDefault = 'alter table a add column b int default 1;';
    expect(rulesOf(await lintText(withDefault, { serverVersion: 10 }))).toEqual([
      'adding-field-with-default',
    ]);
  });
});

describe('explain', () => {
  it('tells of a rule, of one that is not needed here, and of nothing else', () => {
    expect(explain('ban-drop-table')).toMatchObject({ id: 'ban-drop-table', severity: 'warning' });
    expect(explain('ban-drop-table')).not.toHaveProperty('check');
    expect(explain('prefer-robust-stmts')).toMatchObject({ isNeeded: false });
    expect(explain('concurrently-if-not-exists')).toMatchObject({ isNeeded: false });
    expect(explain('toString')).toBeUndefined();
    expect(ruleIds()).toContain('syntax-error');
  });
});
