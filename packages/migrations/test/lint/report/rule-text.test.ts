import { expect, test } from 'vitest';
import { formatRulePage } from '../../../src/lint/report/rule-page.ts';
import { formatRule } from '../../../src/lint/report/rule-text.ts';
import { RULES } from '../../../src/lint/rules/registry.ts';
import { OTHER_RULE, RULE } from './example.ts';

test('a rule for a terminal', () => {
  expect(formatRule(RULE)).toBe(`\
require-concurrent-index-creation  error

  An index built on a table that is in use

  Why
    Writes wait until the index is built.

  Lock
    SHARE on the table.

  Instead
    Build it concurrently.

  Bad
    create index i on t (a);

  Good
    create index concurrently i on t (a);

  Versions
    PostgreSQL 15 and later

  See
    https://www.postgresql.org/docs/current/sql-createindex.html
`);
  expect(formatRule(OTHER_RULE)).not.toMatch(/Lock|See/);
  expect(formatRule({ id: 'prefer-robust-stmts', isNeeded: false, why: 'A file\ngoes on.' })).toBe(
    'prefer-robust-stmts  not needed here\n\n  A file\n  goes on.\n',
  );
});

test.each([
  [{}, 'All versions of PostgreSQL'],
  [{ fromVersion: 16 }, 'PostgreSQL 16 and later'],
  [{ untilVersion: 17 }, 'PostgreSQL 17 and earlier'],
  [{ fromVersion: 14, untilVersion: 15 }, 'PostgreSQL 14 to 15'],
  [{ fromVersion: 14, untilVersion: 14 }, 'PostgreSQL 14\n'],
])('versions %o', (versions, expected) => {
  expect(formatRule({ ...RULE, fromVersion: undefined, ...versions })).toContain(expected);
});

test('a page, in which no text of a rule is taken for a mark', () => {
  const page = formatRulePage([RULE, OTHER_RULE]);
  expect(page).toContain(
    '2 rules. Found by default: 1 as errors, 0 as warnings; 1 are off unless switched on.',
  );
  expect(page.match(/^## .*/gm)).toEqual([`## ${OTHER_RULE.id}`, `## ${RULE.id}`]);
  expect(page).toContain(String.raw`| varchar(n) \| char |`);
  expect(page).toContain(
    String.raw`under ${'`ACCESS EXCLUSIVE`'}; \<b\>text\</b\> needs\_no change`,
  );
  // The example has three backquotes in it.
  expect(page).toContain("````sql\ncomment on table t is '```';\n````");
});

test('the page in docs is of the rules that there are', async () => {
  // After a change of rules: vitest -u.
  await expect(formatRulePage(RULES)).toMatchFileSnapshot('../../../../../docs/lint-rules.md');
});
