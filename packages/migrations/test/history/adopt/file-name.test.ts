import { expect, test } from 'vitest';
import { cutName } from '../../../src/history/adopt/file-name.ts';

test.each([
  ['20250201000000_add_plans', '20250201000000', 'add_plans'],
  ['1577836800000_init.up', '1577836800000', 'init'],
  ['20200101000000_init.js', '20200101000000', 'init'],
  ['000001.sql', '1', ''],
  ['000012-add-tags.sql', '12', 'add-tags'],
  ['0007_a.b.ts', '7', 'a.b'],
  ['0_init', '0', 'init'],
])('%s', (text, version, name) => {
  expect(cutName(text)).toEqual({ version, name });
});

test.each(['init', 'V1__init.sql', '', '12abc', '_1_init', '20250201\u0000_a\nb'])(
  '%j has no version, or an odd name, and does not throw',
  (text) => {
    const { version, name } = cutName(text);
    expect(version === undefined).toBe(name === undefined);
  },
);
