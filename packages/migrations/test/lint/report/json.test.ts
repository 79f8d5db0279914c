import { expect, test } from 'vitest';
import { formatJson, formatNdjson } from '../../../src/lint/report/json.ts';
import { finding, HOSTILE, report } from './example.ts';

const bare = finding({
  lock: undefined,
  safeRewrite: undefined,
  url: undefined,
  excerpt: undefined,
});
const example = report([finding(), bare], {
  suppressed: [
    { finding: bare, reason: 'the table is small', line: 2 },
    { finding: bare, reason: '', line: 4 },
  ],
});

const KEYS =
  'rule severity file line column endLine endColumn statement statementCount message why lock safeRewrite url excerpt'.split(
    ' ',
  );

test('one object in which every key is always there', () => {
  const json = JSON.parse(formatJson(example)) as {
    findings: object[];
    suppressed: object[];
  };
  expect(json).toMatchObject({
    version: 1,
    errorCount: 2,
    warningCount: 0,
    suppressedCount: 2,
    fileCount: 2,
    statementCount: 9,
  });
  expect(json.findings.map((each) => Object.keys(each))).toEqual([KEYS, KEYS]);
  expect(json.findings[0]).toEqual(finding());
  expect(json.findings[1]).toMatchObject({ lock: null, safeRewrite: null, url: null, excerpt: [] });
  expect(json.suppressed).toMatchObject([
    { reason: 'the table is small', suppressedLine: 2 },
    { reason: null, suppressedLine: 4 },
  ]);
});

test('NDJSON: the same, one object a line, the numbers last', () => {
  const text = formatNdjson(example);
  expect(text.endsWith('\n')).toBe(true);
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  expect(lines.map(({ type }) => type).join(' ')).toBe(
    'finding finding suppressed-finding suppressed-finding lint-finished',
  );
  expect(lines.at(-1)).toEqual({
    type: 'lint-finished',
    errorCount: 2,
    warningCount: 0,
    suppressedCount: 2,
    fileCount: 2,
    statementCount: 9,
  });
});

test('no character in it ends a line or acts on a terminal', () => {
  const hostile = report([finding({ message: HOSTILE, file: HOSTILE })]);
  const text = formatNdjson(hostile);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(text).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/);
  expect(text.trimEnd().split('\n')).toHaveLength(2);
  expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ message: HOSTILE, file: HOSTILE });
});
