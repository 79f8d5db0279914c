import { describe, expect, test } from 'vitest';
import { describeNotUtf8 } from '../../src/sources/not-utf8.ts';

describe('describeNotUtf8', () => {
  test.each(['', 'select 1', "\uFEFFselect 'é😀\uFFFD'"])('takes UTF-8: %j', (text) => {
    expect(describeNotUtf8(Buffer.from(text))).toBeUndefined();
  });

  test('names UTF-16 by its byte order mark', () => {
    const text = Buffer.from('\uFEFFselect 1', 'utf16le');
    expect(describeNotUtf8(text)).toMatchObject({
      message: 'is UTF-16 text (little-endian), not UTF-8',
      position: undefined,
    });
    expect(describeNotUtf8(text.swap16())).toMatchObject({
      message: 'is UTF-16 text (big-endian), not UTF-8',
    });
  });

  test('says where the first wrong byte is, in characters', () => {
    const good = Buffer.from("select 'é😀\uFFFD';\n-- \uFFFDé");
    const bytes = Buffer.concat([good, Buffer.from([0xe9, 0x20, 0xff]), Buffer.from('\nselect 2')]);
    expect(describeNotUtf8(bytes)).toEqual({
      message: 'is not UTF-8 text: the byte 0xe9 stands where a character should',
      hint: 'Save it as UTF-8; it is probably in Latin-1 or Windows-1252.',
      position: { line: 2, column: 6 },
    });
  });

  test.each([
    [[0x61, 0xe2, 0x82], 2, '0xe2'],
    [[0xc0, 0xaf], 1, '0xc0'],
    [[0x61, 0x62, 0xed, 0xa0, 0x80], 3, '0xed'],
    [[0xf5], 1, '0xf5'],
  ])('%j', (bytes, column, byte) => {
    const found = describeNotUtf8(Uint8Array.from(bytes));
    expect(found?.position).toEqual({ line: 1, column });
    expect(found?.message).toContain(`byte ${byte} `);
  });
});
