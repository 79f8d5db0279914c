/**
 * Texts written for what a splitter can get wrong. PostgreSQL's parser accepts every one of them;
 * `libpg-query.test.ts` holds the splitter to where it says that statements end.
 */
export const CORPUS: Readonly<Record<string, string>> = {
  'empty statements': ';; select 1;;;\n;select 2;;',
  'no last semicolon': 'select 1; select 2',
  'comments only behind': 'select 1; -- done;\n/* ; */',
  'comments around and inside':
    '-- a;\nselect /* ; */ 1 -- ;\n + /* ; /* ; */ ; */ 2; /**/ select 3 /***/; --',
  'comment signs in literals':
    "select '--', '/*', $$--$$, $$/*$$, \"--\" from (select 1 as \"--\") t; select '*/'",
  'quotes in comments': "select 1 -- it's\n; select /* it's \" $$ */ 2; select 3",
  'deeply nested comment': `select ${'/* ; '.repeat(30)}${' */'.repeat(30)} 1; select 2`,
  'comment start inside a comment end': 'select 1 /*/ ; */ ; select 2 /* **/ ; select 3 /*//**/*/',

  'doubled quotes':
    "select 'a'';''b', ''';', ''''; select \"a;\"\";b\" from (select 1 as \"a;\"\";b\") t",
  'backslash is nothing special': "select '\\'; select 'a\\'';'; select '\\\\'",
  'escape literals': "select E'\\';', e'\\\\', E'\\''';'; select E'\\x27;', E'\\047;', E'\\u0027;'",
  'escape literal that ends in a backslash pair': "select E'a\\\\'; select E'\\\\\\';'; select 1",
  'literal over several lines': "select 'a;\nb;\n-- c;\n/* d'; select 2",
  'continued literal': "select 'a;'\n'b;' ; select 'a'  \n\n  'b;'; select 3",
  'continued escape literal': "select E'a'\n'\\';'; select e'a' \n\t\n '\\';b'; select 3",
  'continued with a carriage return': "select E'a'\r'\\';'; select 2",
  'escape literal, then a plain one on the next statement': "select E'a'\n; select '\\'; select 3",
  'unicode literals': "select U&'\\0061;', u&'d!0061;' uescape '!', U&';'';'; select 2",
  'unicode identifiers': 'select 1 as U&"d\\0061;t", 2 as u&"x;"";" uescape \'!\'; select 2',
  'bit, hex and national literals': "select b'01', B'1', x'aF', X'1', n';'';', N';\\'; select 2",
  'bit literal continued': "select b'0'\n'1'; select x'a'\n'b'; select 3",
  'a space makes it a type and a literal':
    "select bit '01', date '2020-01-01;' is null from (select 1) x where false; select 2",
  'prefix letters at the end of a name':
    "select 1 as be, 2 as tablee; select thee from (select ';' as thee) x; select 'a' as en; select 3",
  'U and & are an operator elsewhere':
    'select u & u from (select 1 as u) t; select u&1 from (select 1 as u) t; select u& u from (select 1 as u) t',

  'dollar quotes': 'select $$;$$, $$\'$$, $$"$$, $$--$$, $$/*$$, $$\\$$; select 2',
  'dollar quotes with tags':
    'select $a$;$$;$b$;$A$;$a$; select $_$;$_$; select $a1$;$a$;$a1$; select 4',
  'dollar quote tag with other letters': 'select $ä$;$ä$, $日本$;$日$;$日本$; select 2',
  'a tag inside that is almost the end':
    'select $a$ $a $a $b$a$; select $x$ $ $ $xx$ $x$; select $$ $a$$; select 4',
  'nested dollar quotes':
    "do $outer$ begin execute $inner$ select ';' $inner$; perform $$;$$; end $outer$; select 2",
  'dollars in names': 'select a$b, a$$;\nselect c$d$e from (select 1 as c$d$e) t; select 1 as x$;',
  parameters: 'select $1; select $1+$a$;$a$; select $1-$2; select $12::int',
  'a name cannot begin a tag':
    'select _$1$ from (select 1 as _$1$) t; select é$1$ from (select 1 as é$1$) t; select 3',

  'operators next to comments':
    'select 1 +-- ;\n2; select 1 -/* ; */ 2; select 3*/* ; */4; select 5',
  'operators of several signs':
    "select 1 <= 2, 1<>-2, @-1, |/ 4, 2 !=-1; select '{}'::jsonb @> '{}' , '{}'::jsonb ?| array['a'], '{}'::jsonb #>> '{a}' ; select 1",
  'an operator that ends in a minus before a comment': 'select 1 +-1; select 1 @---;\n1; select 2',
  'a long operator before a comment': `select 1 ${'@'.repeat(63)}--;\n 1; select 2`,
  'a custom operator':
    'create operator @#@ (procedure = int4eq, leftarg = int, rightarg = int); select 1 operator(pg_catalog.+) 2',
  'casts, slices and named arguments':
    "select '1'::int, (array[1,2])[1:2], (array[1,2])[:], f(a => 1, b := 2) from t; select 2",
  numbers: 'select 1., .5, 1.5e-3, 1e+5, 0xFF, 0o17, 0b1, 1_000, 1.e5, 1::int; select 2',

  'identifiers of other scripts':
    'select é, 名前, имя from таблица; select 1 as "ключ;", 2 as 😀; select 3',
  'no-break space is a letter':
    'select a\u00A0b; select \u00A0 from (select 1 as \u00A0) t; select 3',
  'other white space': 'select\t1\f;\n\r\nselect\r2;\r\nselect 3\v;',
  'carriage returns only': 'select 1 -- one;\rfrom t; select 2 -- two;\r; select 3',
  CRLF: 'select 1; -- a;\r\nselect\r\n2;\r\n',

  'rule with several actions':
    'create rule r as on insert to t do also (delete from a; insert into b values (1); select 2;); select 2',
  'rule with one action':
    'create rule r as on update to t do instead nothing; create rule s as on delete to t do instead delete from u; select 3',
  'schema with elements':
    'create schema s create table t (a int) create view v as select a from t create index on t (a) grant select on v to public; select 2',
  'brackets in literals and comments':
    'select \'(\', "(" from (select 1 as "(") t /* ( */; select 2 -- (\n; select 3',
  'case with end':
    'select case when true then 1 else 2 end; select case 1 when 1 then case when true then 2 end end as "end"; select 3',

  'SQL body': 'create function f() returns int begin atomic select 1; select 2; end; select 3',
  'SQL body with case':
    'create function f(x int) returns int language sql begin atomic select case when x > 0 then case x when 1 then 1 end else 2 end; end; select 2',
  'SQL body with end as a label':
    'create function f() returns int begin atomic select 1 as end; select 2 as "end"; select 3 end; end; select 4',
  'SQL body with case right before the end':
    'create procedure p() begin atomic insert into t values (case when true then 1 end); update t set a = case when a = 1 then 2 else 3 end where true; end; select 2',
  'SQL body, empty':
    'create function f() returns void begin atomic end; create procedure p() begin atomic ; ; end; select 3',
  'SQL body with return':
    'create function f(a int) returns int begin atomic return a + 1; end; select 2',
  'SQL body with comments and literals':
    "create or replace function f() returns text begin /* ; */ atomic -- ;\n select 'end;' /* end; */; select $$end;$$; END; select 2",
  'SQL body with brackets':
    'create function f() returns int begin atomic select (select count(*) end from (values (1)) as t (a)) end; end; select 2',
  'SQL body with begin and atomic as names':
    'create function f(begin int, atomic int) returns int begin atomic select begin + atomic; select atomic from (select 1 as atomic) begin; end; select 2',
  'SQL body with a column called atomic before an end':
    'create function f() returns int begin atomic select case when true then begin else atomic end; end; select 2',
  'SQL body in a SQL body':
    'create function f() returns int begin atomic create function g() returns int begin atomic select 1; end; select begin atomic; end; select 2',
  'SQL body after options':
    'create function f(a int default 1) returns table (b int) language sql stable strict cost 10 set search_path = a, b begin atomic select a; end; select 2',
  'two SQL bodies':
    'create function f() returns int begin atomic select 1; end; create function g() returns int begin atomic select 2; end; select 3',
  'SQL body of dml':
    'create procedure p(a int) language sql begin atomic insert into t values (a) on conflict do nothing; delete from t where b = a returning b; end; select 2',
  'function with return':
    "create function f(a int) returns int language sql return a + case when a > 1 then 1 else 0 end; create function g() returns text return 'x;'; select 3",
  'function with a body in quotes':
    "create function f() returns int language sql as 'select 1; select ''a;''; select 2'; create function g() returns int language sql as $$ begin atomic; $$; select 3",
  'begin atomic is nothing special elsewhere':
    'create view v as select begin, atomic from t; select begin atomic from t; select 2',
  'a parameter called begin of the type atomic':
    "create function f(begin atomic) returns int language sql as 'select 1'; select 2",
  'a function called begin':
    "create function begin() returns int language sql as 'select 1'; create function atomic() returns int return 1; select 3",

  'plpgsql body':
    "create function f() returns trigger language plpgsql as $f$\nbegin\n  -- it's; \n  if new.a then return case when true then new end; end if;\n  raise notice '%;', $q$;$q$;\nend $f$; select 2",
  'do blocks':
    "do 'begin perform 1; perform ''a;''; end'; do language plpgsql $$begin end$$; do $$ begin commit; end $$; select 4",
  'transaction control':
    "begin; savepoint a; rollback to a; commit and chain; end; start transaction; abort; prepare transaction 'x;'; commit prepared 'x;'; select 1",
  'statements that run alone':
    'vacuum (analyze) t; cluster; reindex (concurrently) table t; create index concurrently i on t (a); drop index concurrently i; checkpoint; discard all; select 1',
  copy: "copy t from stdin; copy t (a, b) to stdout with (format csv, delimiter ';'); copy (select ';') to program 'cat;'; select 1",
  'triggers and policies':
    "create trigger t after insert on a for each row when (new.a > 1) execute function f('x;'); create policy p on t for select using (true); comment on table t is 'a;b'; select 3",
  'explain, prepare and execute':
    "explain (costs off) select ';'; prepare p (int) as select $1; execute p (1); deallocate p; select 1",
  'a security label and a listen':
    "listen a; notify a, ';'; set a.b = ';'; set search_path to a, \"b;\"; reset all; select 1",
};
