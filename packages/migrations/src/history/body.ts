/** Loaded with the first text: a call that finds nothing to do needs none, and loading takes 2 ms. */
const zlib = (): typeof import('node:zlib') => process.getBuiltinModule('node:zlib');

/** Bytes below which compressing costs more time than it saves room. */
const SMALL = 512;

/** A text as it is kept, in base64: compressed unless it is small. */
export function encodeBody(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length < SMALL) return bytes.toString('base64');
  // A window larger than the text only costs memory: 256 KiB a call with the defaults.
  const windowBits = Math.min(15, Math.max(9, Math.ceil(Math.log2(bytes.length + 1))));
  return zlib()
    .gzipSync(bytes, { windowBits, memLevel: Math.max(1, windowBits - 7) })
    .toString('base64');
}

/** What {@link encodeBody} was given. */
export function decodeBody(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  // Text in UTF-8 never begins as gzip does.
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isCompressed ? zlib().gunzipSync(bytes) : bytes).toString();
}
