import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { TimeoutError, withTimeout } from '@ops/timeout';
import { RequestRefusal } from './request-refusal.ts';

/** Bounds on one body. */
export interface BodyLimits {
  readonly bodyBytes: number;
  readonly decompressedBytes: number;
  readonly bodyTimeoutMs: number;
}

const inflate = promisify(gunzip);

/**
 * So many times the limit is read and thrown away of a body that is too large, so that a client
 * which writes before it reads gets to see the 413 rather than a connection reset.
 */
const DISCARD_FACTOR = 4;

/**
 * The text of the body, decompressed. Counts bytes as they arrive, and as zlib gives them out, and
 * stops at the limit: memory stays in proportion to the two limits, whatever is sent.
 *
 * @throws RequestRefusal 400, 408 or 413
 */
export async function readBody(
  request: Request,
  isGzip: boolean,
  limits: BodyLimits,
): Promise<string> {
  const bytes = await receive(request, limits);
  const content = isGzip ? await decompress(bytes, limits.decompressedBytes) : bytes;
  if (content.byteLength > limits.decompressedBytes) throw tooLarge(limits.decompressedBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw new RequestRefusal(400, 'malformed', 'The body is not UTF-8', { cause });
  }
}

async function receive(request: Request, limits: BodyLimits): Promise<Buffer> {
  const { bodyBytes, bodyTimeoutMs } = limits;
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > bodyBytes * DISCARD_FACTOR) throw tooLarge(bodyBytes);
  if (request.body === null) return Buffer.alloc(0);
  const reader = request.body.getReader();
  try {
    return await withTimeout(() => readAll(reader, bodyBytes), bodyTimeoutMs);
  } catch (cause) {
    if (cause instanceof RequestRefusal) throw cause;
    if (cause instanceof TimeoutError) {
      const message = `The body did not arrive within ${bodyTimeoutMs} ms`;
      throw new RequestRefusal(408, 'body_timeout', message, { cause });
    }
    throw new RequestRefusal(400, 'malformed', 'The body broke off', { cause });
  } finally {
    // Ends a read that hangs. Not cancelled: that would reset the connection before the answer.
    reader.releaseLock();
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limitBytes: number,
): Promise<Buffer> {
  let chunks: Uint8Array[] = [];
  let receivedBytes = 0;
  while (receivedBytes <= limitBytes * DISCARD_FACTOR) {
    const { done, value } = await reader.read();
    if (done) break;
    receivedBytes += value.byteLength;
    if (receivedBytes > limitBytes) chunks = [];
    else chunks.push(value);
  }
  if (receivedBytes > limitBytes) throw tooLarge(limitBytes);
  return Buffer.concat(chunks);
}

async function decompress(bytes: Buffer, limitBytes: number): Promise<Buffer> {
  try {
    return await inflate(bytes, { maxOutputLength: limitBytes });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(limitBytes);
    }
    throw new RequestRefusal(400, 'malformed', 'The body is not gzip', { cause });
  }
}

function tooLarge(limitBytes: number): RequestRefusal {
  return new RequestRefusal(413, 'too_large', `The body is larger than ${limitBytes} bytes`);
}
