import type { Transform } from 'node:stream';
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib';
import type { ContentEncoding } from './check-headers.ts';
import { RequestRefusal } from './request-refusal.ts';

/**
 * 8 MiB, what RFC 8878 asks every decoder to take. The default is 128 MiB, which a frame of a few bytes
 * could make the decoder allocate before any of it is counted.
 */
const MAX_ZSTD_WINDOW_LOG = 23;

const DECOMPRESS: Readonly<Record<Exclude<ContentEncoding, 'identity'>, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: () =>
    createZstdDecompress({
      params: { [constants.ZSTD_d_windowLogMax]: MAX_ZSTD_WINDOW_LOG },
    }),
};

/**
 * The content of a compressed body. `take` is told of every piece as it comes out, 16 KiB at most,
 * and throws to stop it: a bomb is given up at the limit, however small it came.
 *
 * @throws RequestRefusal 400, and what `take` throws
 */
export async function inflate(
  bytes: Buffer,
  encoding: Exclude<ContentEncoding, 'identity'>,
  take: (bytes: number) => void,
): Promise<Buffer> {
  const stream = DECOMPRESS[encoding]();
  const chunks: Buffer[] = [];
  try {
    stream.end(bytes);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      take(chunk.byteLength);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof RequestRefusal) throw cause;
    throw new RequestRefusal(400, 'malformed', `The body is not ${encoding}`, { cause });
  } finally {
    stream.destroy();
  }
  return Buffer.concat(chunks);
}
