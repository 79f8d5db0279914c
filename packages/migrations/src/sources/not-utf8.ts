import { isUtf8 } from 'node:buffer';
import { type Position, positionOf } from '../sql/position.ts';

/** Why bytes are no UTF-8 text. Without a place where the file as a whole is something else. */
export interface NotUtf8 {
  readonly message: string;
  readonly hint: string;
  readonly position: Position | undefined;
}

/** @returns undefined when they are UTF-8 text. */
export function describeNotUtf8(bytes: Uint8Array): NotUtf8 | undefined {
  if (isUtf8(bytes)) return undefined;
  const isLittleEndian = bytes[0] === 0xff && bytes[1] === 0xfe;
  if (isLittleEndian || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    const message = `is UTF-16 text (${isLittleEndian ? 'little' : 'big'}-endian), not UTF-8`;
    return { message, hint: 'Save it as UTF-8.', position: undefined };
  }
  const { lineStart, line } = badLine(bytes);
  const text = new TextDecoder().decode(bytes.subarray(lineStart));
  const before = validPrefix(bytes.subarray(lineStart), text);
  const byte = bytes[lineStart + Buffer.byteLength(before)] ?? 0;
  return {
    message: `is not UTF-8 text: the byte 0x${byte.toString(16).padStart(2, '0')} stands where a character should`,
    hint: 'Save it as UTF-8; it is probably in Latin-1 or Windows-1252.',
    position: { line, column: positionOf(before, before.length).column },
  };
}

/** The first line that is no UTF-8. A line end is never a part of another character. */
function badLine(bytes: Uint8Array): { readonly lineStart: number; readonly line: number } {
  let lineStart = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(0x0a, lineStart);
    if (end === -1 || !isUtf8(bytes.subarray(lineStart, end))) return { lineStart, line };
    lineStart = end + 1;
  }
}

/** The characters before the first one that the decoder had to replace. */
function validPrefix(bytes: Uint8Array, decoded: string): string {
  for (let at = decoded.indexOf('\uFFFD'); at !== -1; at = decoded.indexOf('\uFFFD', at + 1)) {
    const before = decoded.slice(0, at);
    const start = Buffer.byteLength(before);
    const isWritten = Buffer.from(bytes.subarray(start, start + 3)).equals(Buffer.from('\uFFFD'));
    if (!isWritten) return before;
  }
  return decoded;
}
