import type { Finding, LintReport } from '../../../src/lint/finding.ts';
import type { Rule } from '../../../src/lint/rule.ts';

/** What a file could bring into a report to be more than shown. */
export const HOSTILE =
  'a\n::error::b\r\n\u001B[31mred\u001B[0m\u0007\u009B2J\u2028c\u202Ed, e: f % 100%0A ](x)';

export const RULE: Rule = {
  id: 'require-concurrent-index-creation',
  severity: 'error',
  summary: 'An index built on a table that is in use',
  why: 'Writes wait until the index is built.',
  lock: 'SHARE on the table.',
  rewrite: 'Build it concurrently.',
  bad: 'create index i on t (a);',
  good: 'create index concurrently i on t (a);',
  fromVersion: 15,
  url: 'https://www.postgresql.org/docs/current/sql-createindex.html',
};

export const OTHER_RULE: Rule = {
  id: 'prefer-text-field',
  severity: 'off',
  summary: 'varchar(n) | char',
  why: 'A limit changes under `ACCESS EXCLUSIVE`; <b>text</b> needs_no change.',
  rewrite: 'Use text and a check.',
  bad: "comment on table t is '```';",
  good: 'create table t (a text);',
  untilVersion: 17,
};

export function finding(changes: Partial<Finding> = {}): Finding {
  return {
    rule: RULE.id,
    severity: 'error',
    file: 'migrations/2_index.sql',
    line: 3,
    column: 3,
    endLine: 3,
    endColumn: 27,
    statement: 2,
    statementCount: 4,
    message: 'the index "orders_user" is built while writes to "orders" wait',
    why: RULE.why,
    lock: 'SHARE on "orders", until the transaction ends',
    safeRewrite: 'create index concurrently orders_user\n  on orders (user_id);',
    url: RULE.url,
    excerpt: ['  create index orders_user on orders (user_id);'],
    ...changes,
  };
}

export function report(
  findings: readonly Finding[],
  changes: Partial<LintReport> = {},
): LintReport {
  const count = (severity: string): number =>
    findings.filter((each) => each.severity === severity).length;
  return {
    findings,
    suppressed: [],
    fileCount: 2,
    statementCount: 9,
    errorCount: count('error'),
    warningCount: count('warning'),
    ...changes,
  };
}
