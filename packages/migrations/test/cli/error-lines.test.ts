import { describe, expect, test } from 'vitest';
import { errorJson, errorLines, inWordsOfCli } from '../../src/cli/error-lines.ts';
import { plainText } from '../../src/cli/line.ts';
import {
  AdoptError,
  AdviceMethodError,
  DriftError,
  LockWaitError,
  OrderError,
  PendingMigrationsError,
  StalePlanError,
  StatementError,
} from '../../src/errors.ts';

const plans = { pack: '', version: '7', name: 'plans', file: 'migrations/7_plans.sql' };
const facts = {
  file: 'migrations/7_plans.sql',
  line: 3,
  column: 10,
  excerpt: '  3 |   select nöpe from t;\n    |          ^',
  statement: 2,
  statementCount: 2,
};
const linesOf = (error: unknown, verbose = false): string =>
  errorLines(error, { verbose }).map(plainText).join('\n');

describe('errorLines', () => {
  test('the place, the excerpt with its caret, and the hint: each once, and no stack', () => {
    const error = new StatementError('column "nöpe" does not exist', facts, {
      sqlstate: '42703',
      hint: 'Perhaps you meant "nope".',
    });
    expect(linesOf(error)).toMatchInlineSnapshot(`
      "✗ migrations/7_plans.sql:3:10: column "nöpe" does not exist (SQLSTATE 42703, statement 2 of 2)
        3 |   select nöpe from t;
          |          ^
        hint  Perhaps you meant "nope"."
    `);
  });

  test('with verbose the stack, and those of its causes', () => {
    const cause = new Error('inner');
    const shown = linesOf(new StatementError('outer', facts, { cause }), true);
    expect(shown).toContain('error-lines.test.ts');
    expect(shown).toContain('caused by Error: inner');
  });

  test('what nobody has thought of has its class and how to see more', () => {
    expect(linesOf(new TypeError('x is not a function'))).toMatchInlineSnapshot(`
      "✗ TypeError: x is not a function
        hint  With --verbose the stack is printed as well."
    `);
    expect(linesOf('a string')).toBe('✗ a string');
  });

  test('hints are in the words of the command line', () => {
    const holder = { pid: 3, applicationName: undefined, since: undefined };
    const hints = [
      new PendingMigrationsError([plans]),
      new OrderError([plans], plans),
      new LockWaitError(10, holder),
      new DriftError([{ ...plans, diff: '@@ -1 +1 @@\n-a\n+b\n', appliedHash: '', fileHash: '' }]),
      new StalePlanError(['x']),
      new AdviceMethodError('hypothetical', 'x', "For real times: method 'build' on a copy."),
    ].map((error) => inWordsOfCli(error.hint ?? ''));
    expect(hints).toMatchInlineSnapshot(`
      [
        "Run ops-migrate up before this release takes traffic.",
        "Give the pending files versions above 7; two branches were probably merged. If they do no harm out of order: ops-migrate up --allow-out-of-order, or the line -- ops: out-of-order in the file.",
        "Let the other run finish, or raise --lock-wait. If it hangs: select pg_terminate_backend(pid).",
        "Bring back the text that was applied and put the change into a new file. Of a file that failed half-way, only the steps still to run may be edited. If the edit is right as it is: ops-migrate repair --accept VERSION.",
        "Run ops-migrate plan again, look at it, and pass the new one. After down: call it again.",
        "For real times: --method build on a copy.",
      ]
    `);
    for (const hint of hints)
      expect(hint).not.toMatch(
        /\b(?:up|down|plan|status|verify|repair|adopt)\(|lock\.wait|allowOutOfOrder/,
      );
  });
});

test('hints of single problems are in the words of the command line, too; what they quote is not', () => {
  const problem = {
    kind: 'drift',
    row: undefined,
    file: undefined,
    line: undefined,
    column: undefined,
    message: 'select up()',
    hint: "Found with adopt('flyway', { schema, table }), $& and all.",
  } as const;
  expect(
    linesOf(new AdoptError({ tool: 'flyway', table: undefined }, [problem])),
  ).toMatchInlineSnapshot(`
    "✗ 1 problem with the history of flyway; nothing was written
    - select up()
      Found with ops-migrate adopt flyway --from-schema … --from-table …, $& and all."
  `);
});

describe('errorJson', () => {
  test('has the facts of our errors, and of others only name and message', () => {
    const json = errorJson(new PendingMigrationsError([plans]));
    expect(json).toMatchObject({
      name: 'PendingMigrationsError',
      code: 'ERR_OPS_MIGRATION_PENDING',
      pending: [plans],
      message: '1 migration (7_plans) pending',
      hint: 'Run ops-migrate up before this release takes traffic.',
    });
    const other = Object.assign(new TypeError('Invalid URL'), {
      code: 'ERR_INVALID_URL',
      input: 'postgres://u:hunter2@h',
    });
    expect(JSON.stringify(errorJson(other))).not.toContain('hunter2');
  });
});
