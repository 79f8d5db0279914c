import { describe, expect, it } from 'vitest';
import { lintText, rulesOf } from './example.ts';

describe('-- ops: allow', () => {
  it('is for the statement beneath it, over other comments', async () => {
    const { findings, suppressed } =
      await lintText(`-- ops: allow ban-drop-table -- gone since release 4
-- another comment
drop table a;
drop table b;`);
    expect(findings.map(({ rule, line }) => [rule, line])).toEqual([['ban-drop-table', 4]]);
    expect(suppressed).toMatchObject([
      { reason: 'gone since release 4', line: 1, finding: { rule: 'ban-drop-table', line: 3 } },
    ]);
  });

  it('is for the whole file when an empty line parts it from the first statement', async () => {
    const report = await lintText(`-- ops: allow ban-drop-table -- old ones

drop table a;
drop table b;`);
    expect(report.findings).toEqual([]);
    expect(report.suppressed).toHaveLength(2);
  });

  it('is for the statement that it stands behind on a line, and not for the next one', async () => {
    const { findings, suppressed } = await lintText(
      'drop table a; -- ops: allow ban-drop-table -- gone since release 4\ndrop table b;',
    );
    expect(findings.map(({ rule, line }) => [rule, line])).toEqual([['ban-drop-table', 2]]);
    expect(suppressed).toMatchObject([{ finding: { rule: 'ban-drop-table', line: 1 } }]);
  });

  it('takes several rules, and says which of them are good for nothing', async () => {
    const { findings } = await lintText(
      '-- ops: allow ban-drop-table, ban-drop-column, no-such-rule -- why not -- really\ndrop table a;',
    );
    expect(findings.map(({ rule, message }) => [rule, message])).toEqual([
      ['unused-suppression', 'ban-drop-column has nothing to say here'],
      ['unused-suppression', 'there is no rule no-such-rule'],
    ]);
  });

  it('switches nothing off without a reason', async () => {
    const report = await lintText('-- ops: allow ban-drop-table\ndrop table a;');
    expect(rulesOf(report)).toEqual(['suppression-without-reason', 'ban-drop-table']);
    expect(report.errorCount).toBe(1);
  });

  it('is not one inside a literal, or after the last statement', async () => {
    const inside = await lintText("select '\n-- ops: allow ban-drop-table -- x\n';\ndrop table a;");
    expect(rulesOf(inside)).toEqual(['ban-drop-table']);
    const after = await lintText('drop table a;\n-- ops: allow ban-drop-table -- x');
    expect(rulesOf(after)).toEqual(['ban-drop-table', 'unused-suppression']);
  });

  it('reaches what is only known when all files have run', async () => {
    const report = await lintText(`-- ops: allow foreign-key-without-index -- never deleted from
create table a (id bigint generated always as identity primary key, b bigint references b (id));`);
    expect(report.findings).toEqual([]);
    expect(report.suppressed).toHaveLength(1);
  });
});

describe('-- squawk-ignore', () => {
  it('is read under squawk’s names, without a reason, and kept in the report', async () => {
    const report =
      await lintText(`-- squawk-ignore constraint-missing-not-valid, prefer-robust-stmts
alter table a add constraint f foreign key (b) references c (id);`);
    expect(report.findings).toEqual([]);
    expect(report.suppressed).toMatchObject([
      { reason: '', finding: { rule: 'adding-foreign-key-constraint' } },
    ]);
  });

  it('is for the file in its other form', async () => {
    const report = await lintText(
      'drop table a;\n-- squawk-ignore-file ban-drop-table\ndrop table b;',
    );
    expect(report.findings).toEqual([]);
  });
});
