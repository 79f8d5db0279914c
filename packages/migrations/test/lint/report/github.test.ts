import { expect, test } from 'vitest';
import { formatGitHub } from '../../../src/lint/report/github.ts';
import { finding, HOSTILE, report } from './example.ts';

test('a workflow command for each finding', () => {
  const other = finding({ severity: 'warning', endLine: 4, endColumn: 2, lock: undefined });
  expect(formatGitHub(report([finding(), other]))).toBe(
    '::error file=migrations/2_index.sql,line=3,endLine=3,col=3,endColumn=27,title=require-concurrent-index-creation::' +
      'the index "orders_user" is built while writes to "orders" wait%0A%0AWrites wait until the index is built.' +
      '%0A%0ALock: SHARE on "orders", until the transaction ends' +
      '%0A%0AInstead:%0Acreate index concurrently orders_user%0A  on orders (user_id);\n' +
      '::warning file=migrations/2_index.sql,line=3,endLine=4,col=3,title=require-concurrent-index-creation::' +
      'the index "orders_user" is built while writes to "orders" wait%0A%0AWrites wait until the index is built.' +
      '%0A%0AInstead:%0Acreate index concurrently orders_user%0A  on orders (user_id);\n',
  );
  expect(formatGitHub(report([]))).toBe('');
});

/** Reads a command as GitHub's runner does. */
function read(line: string): { properties: Record<string, string>; message: string } {
  const [, list = '', message = ''] = /^::error (.*?)::(.*)$/.exec(line) ?? [];
  const unescape = (text: string): string =>
    text
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',');
  const properties = list.split(',').map((each) => {
    const at = each.indexOf('=');
    return [each.slice(0, at), unescape(each.slice(at + 1)).replaceAll('%25', '%')];
  });
  return {
    properties: Object.fromEntries(properties) as Record<string, string>,
    message: unescape(message).replaceAll('%25', '%'),
  };
}

test('nothing in a name or a message ends a property, the command or the line', () => {
  const text = formatGitHub(report([finding({ file: HOSTILE, rule: 'r,s::t', message: HOSTILE })]));
  const lines = text.split('\n');
  expect(lines).toHaveLength(2);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(text).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
  const { properties, message } = read(lines[0] ?? '');
  expect(Object.keys(properties)).toEqual(['file', 'line', 'endLine', 'col', 'endColumn', 'title']);
  expect(properties['title']).toBe('r,s::t');
  expect(properties['file']).toMatch(/^a␊::error::b␍␊␛\[31mred␛\[0m␇.*d, e: f % 100%0A \]\(x\)$/);
  expect(message).toMatch(/^a\n::error::b\n␛\[31mred.*\n\nWrites wait/);
});
