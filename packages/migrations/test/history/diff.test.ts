import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { unifiedDiff } from '../../src/history/diff.ts';

const line = fc.constantFrom('a', 'b', 'c', '', 'select 1;');
const text = fc
  .array(line, { maxLength: 30 })
  .map((lines) => lines.map((each) => `${each}\n`).join(''));

/** What `patch` would do: puts the new lines of each hunk in the place of its old ones. */
function applyDiff(before: string, diff: string): string {
  const old = before.split('\n').slice(0, -1);
  const result: string[] = [];
  let at = 0;
  for (const each of diff.split('\n').slice(0, -1)) {
    const [, start, count] = /^@@ -(\d+),(\d+) /.exec(each) ?? [];
    if (start !== undefined) {
      const from = Number(start) - (count === '0' ? 0 : 1);
      result.push(...old.slice(at, from));
      at = from;
    } else if (each.startsWith('+')) result.push(each.slice(1));
    else {
      if (each.slice(1) !== old[at]) throw new Error(`the diff does not fit: ${each}`);
      if (each.startsWith(' ')) result.push(each.slice(1));
      at += 1;
    }
  }
  result.push(...old.slice(at));
  return result.map((each) => `${each}\n`).join('');
}

test('applied to the old text, a diff gives the new one', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      expect(applyDiff(before, unifiedDiff(before, after) ?? '')).toBe(after);
    }),
  );
});

test('changes stand with three lines around them, in one hunk when they are close', () => {
  const before = Array.from({ length: 20 }, (_, at) => `line ${at + 1}\n`);
  const after = before.with(4, 'fifth\n').with(8, 'ninth\n').toSpliced(18, 1);
  expect(unifiedDiff(before.join(''), after.join(''))).toBe(`@@ -2,11 +2,11 @@
 line 2
 line 3
 line 4
-line 5
+fifth
 line 6
 line 7
 line 8
-line 9
+ninth
 line 10
 line 11
 line 12
@@ -16,5 +16,4 @@
 line 16
 line 17
 line 18
-line 19
 line 20
`);
});

test('texts that are the same have an empty one, those that are too long none', () => {
  expect(unifiedDiff('a\nb', 'a\nb\n')).toBe('');
  const long = 'x\n'.repeat(2_001);
  expect(unifiedDiff(long, `${long}y\n`)).toBeUndefined();
  expect(unifiedDiff('x\n'.repeat(2_000), 'x\n'.repeat(1_999))).toContain('-x\n');
});
