import { describe, expect, test } from 'vitest';
import {
  calledProcedure,
  commitsWhenRun,
  committingProcedures,
  definedProcedures,
  unresolvedCalls,
} from '../../src/sql/procedures.ts';
import { HARMLESS, readRoutineBody } from '../../src/sql/routine-body.ts';
import { type Statement, splitStatements } from '../../src/sql/split.ts';

const one = (sql: string): Statement => splitStatements(sql)[0] as Statement;
const none: ReadonlySet<string> = new Set();

describe('a block that ends transactions', () => {
  test.each([
    'begin commit; end',
    'BEGIN ROLLBACK; END',
    'begin commit and chain; end',
    'begin rollback and no chain; end',
    'begin for i in 1..3 loop insert into t values (i); commit; end loop; end',
    'begin if a then commit; elsif b then null; else rollback; end if; end',
    'begin begin begin commit; end; end; end',
    'begin perform 1; exception when others then rollback; raise; end',
    'begin case a when 1 then commit; else null; end case; end',
    '<<a>> begin <<b>> loop exit; end loop; <<c>> begin commit; end; end',
    '#variable_conflict use_column\ndeclare x int := 1; begin x := 2; /* y */ commit -- z\n; end',
    'begin do $i$ begin commit; end $i$; end',
    "begin do 'begin perform ''x''; commit; end'; end",
  ])('%s', (source) => {
    expect(readRoutineBody('plpgsql', source).commits).toBe(true);
    expect(commitsWhenRun(one(`do $body$${source}$body$`), none)).toBe(true);
    expect(commitsWhenRun(one(`DO '${source.replaceAll("'", "''")}'`), none)).toBe(true);
    const escaped = source.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n');
    expect(commitsWhenRun(one(`do language plpgsql e'${escaped}'`), none)).toBe(true);
  });

  test.each([
    'begin null; end',
    "begin raise notice 'commit;'; execute 'select 1; commit;'; end",
    "begin execute 'commit'; end",
    'begin /* commit; */ null; -- rollback;\n end',
    'begin execute $q$; commit; $q$; end',
    'begin insert into commit values (1); select commit; select a as commit; end',
    'declare commit int; rollback int := 1; begin commit := 2; rollback = commit; end',
    'begin select case when a then commit and b else rollback end; end',
    'begin if commit then return; end if; perform commit(); end',
    'begin perform "commit"; "rollback" := 1; end',
    'begin savepoint(commit); end',
  ])('is not: %s', (source) => {
    expect(readRoutineBody('plpgsql', source).commits).toBe(false);
    expect(commitsWhenRun(one(`do $body$${source}$body$`), none)).toBe(false);
    expect(commitsWhenRun(one(`DO '${source.replaceAll("'", "''")}'`), none)).toBe(false);
  });

  test('a body in several literals is joined', () => {
    expect(commitsWhenRun(one("do 'begin com'\n'mit; end'"), none)).toBe(true);
  });

  test.each([
    ['plpython3u', 'plpy.execute("x")\nplpy.commit()', true],
    ['plpython3u', 'plpy.execute("commit()")', false],
    ['plperl', 'spi_commit();', true],
    ['plperlu', 'spi_exec_query("commit");', false],
    ['pltcl', 'if {$a} {\n  commit\n}', true],
    ['pltclu', 'set commit 1', false],
    ['sql', 'select 1; commit;', false],
    ['c', 'commit', false],
  ])('in %s: %j', (language, source, expected) => {
    expect(readRoutineBody(language, source).commits).toBe(expected);
    expect(commitsWhenRun(one(`do language "${language}" $x$${source}$x$`), none)).toBe(expected);
  });
});

describe('calledProcedure', () => {
  test.each([
    ['call p()', 'p'],
    ['CALL /* x */ App . Purge (1)', 'app.purge'],
    ['call "My"."p""q"(a => 1)', '"My"."p""q"'],
    ['call "plain".p()', 'plain.p'],
    ['call "a.b".c()', '"a.b".c'],
    ['select p()', undefined],
    ['call', undefined],
    ['call U&"p"()', undefined],
  ])('%s: %s', (sql, expected) => {
    expect(calledProcedure(one(sql))).toBe(expected);
  });
});

describe('definedProcedures', () => {
  test('reads bodies, and takes procedures of one name together', () => {
    const statements = splitStatements(`
      create procedure a() language plpgsql as $$ begin commit; end $$;
      create or replace procedure B.c(x text default 'as', inout y int = 1)
        security invoker set search_path = '' as 'begin call a(); perform ''commit;''; end' language 'plpgsql';
      create procedure d() language plpgsql as $$ begin null; end $$;
      create procedure d(x int) language plpgsql as $$ begin rollback; call e(); end $$;
      create procedure f() language sql as $$ call a() $$;
      create procedure g() language sql begin atomic call a(); end;
      create procedure h() language plpython3u as $$plpy.commit()$$;
      create procedure i() as 'file', 'commit' language c;
      create function j() returns int language plpgsql as $$ begin commit; end $$;
      select 'create procedure k()';`);
    expect(Object.fromEntries(definedProcedures(statements))).toEqual({
      a: { commits: true, calls: [] },
      'b.c': { commits: false, calls: ['a'] },
      d: { commits: true, calls: ['e'] },
      f: HARMLESS,
      g: HARMLESS,
      h: { commits: true, calls: [] },
      i: HARMLESS,
    });
  });
});

describe('committingProcedures', () => {
  test('follows calls, also in circles and through names without schema', () => {
    const calls = (...names: string[]): { commits: boolean; calls: string[] } => ({
      commits: false,
      calls: names,
    });
    const committing = committingProcedures([
      ['a', calls('b')],
      ['app.b', calls('c', 'd')],
      ['c', calls('a')],
      ['app.d', { commits: true, calls: [] }],
      ['other.d', calls('e')],
      ['e', calls('f', 'e')],
      ['f', calls('other.e')],
    ]);
    expect([...committing].toSorted()).toEqual(['a', 'app.b', 'app.d', 'c']);
  });

  test('of a name defined twice, one is enough', () => {
    const twice = [
      ['a', { commits: true, calls: [] }],
      ['a', HARMLESS],
    ] as const;
    expect([...committingProcedures(twice)]).toEqual(['a']);
  });

  test('statements are asked by name, with or without schema', () => {
    const committing = new Set(['app.p', 'q']);
    for (const sql of [
      'call p()',
      'call app.p()',
      'CALL x.q()',
      'do $$ begin call P(1); end $$',
      "do 'begin if a then call app.p(); end if; end'",
    ]) {
      expect([sql, commitsWhenRun(one(sql), committing)]).toEqual([sql, true]);
    }
    for (const sql of [
      'call other.p()',
      'call xp()',
      'call "P"()',
      'call "app.p"()',
      'select p()',
      'do $$ begin perform p(); call := q(1); end $$',
      'do $$ begin select call, p(1) from q; end $$',
    ]) {
      expect([sql, commitsWhenRun(one(sql), committing)]).toEqual([sql, false]);
    }
  });
});

describe('unresolvedCalls', () => {
  test('are asked for until nothing is left', () => {
    const statements = splitStatements(`
      create procedure here() language plpgsql as $$ begin call app.first(); end $$;
      call here();
      do $$ begin call second(1); do 'begin call third(); end'; end $$;
      create procedure unused() language plpgsql as $$ begin call fourth(); end $$;
      select p();`);
    expect(unresolvedCalls(statements)).toEqual(['app.first', 'second', 'third']);
    const known = new Map([
      ['app.first', readRoutineBody('plpgsql', 'begin call fifth(); call app.first(); end')],
      ['second', HARMLESS],
      ['third', HARMLESS],
    ]);
    expect(unresolvedCalls(statements, known)).toEqual(['fifth']);
    known.set('fifth', readRoutineBody('plpgsql', 'begin commit; end'));
    expect(unresolvedCalls(statements, known)).toEqual([]);
    const all = [...known, ...definedProcedures(statements)];
    expect([...committingProcedures(all)].toSorted()).toEqual(['app.first', 'fifth', 'here']);
  });

  test('nothing is asked for without a call', () => {
    expect(
      unresolvedCalls(splitStatements('select 1; do $$ begin end $$; create table call (p int)')),
    ).toEqual([]);
  });
});
