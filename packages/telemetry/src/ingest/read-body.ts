import { type Clock, TimeoutError, withTimeout } from '@ops/timeout';
import type { ByteAccount } from './byte-budget.ts';
import type { ContentEncoding } from './check-headers.ts';
import { inflate } from './inflate.ts';
import { overloaded, RequestRefusal } from './request-refusal.ts';

/** Bounds on one body. */
interface BodyLimits {
  readonly bodyBytes: number;
  readonly decompressedBytes: number;
  readonly bodyTimeoutMs: number;
}

/** What a body is read with. */
export interface BodyReading {
  readonly encoding: ContentEncoding;
  readonly limits: BodyLimits;
  /** Takes bytes from the budget of all bodies; false when it has not so many left. */
  readonly take: ByteAccount['take'];
  /** The part of the budget that this body may come out of. */
  readonly share: number;
  readonly clock: Clock;
}

/**
 * So many times the limit is read and thrown away of a body that is too large, so that a client
 * which writes before it reads gets to see the 413 rather than a connection reset.
 */
const DISCARD_FACTOR = 4;

/**
 * The text of the body, decompressed. Counts bytes as they arrive, and as zlib gives them out, and
 * stops at the limit: memory stays in proportion to the two limits, whatever is sent.
 *
 * @throws RequestRefusal 400, 408, 413 or 503
 */
export async function readBody(request: Request, reading: BodyReading): Promise<string> {
  const { encoding, limits } = reading;
  const bytes = await receive(request, reading);
  if (encoding === 'identity' && bytes.byteLength > limits.decompressedBytes) {
    throw tooLarge(limits.decompressedBytes);
  }
  const content =
    encoding === 'identity' ? bytes : await inflate(bytes, encoding, inflatedBytes(reading));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw new RequestRefusal(400, 'malformed', 'The body is not UTF-8', { cause });
  }
}

function inflatedBytes(reading: BodyReading): (bytes: number) => void {
  const { decompressedBytes } = reading.limits;
  let total = 0;
  return (bytes) => {
    total += bytes;
    if (total > decompressedBytes) throw tooLarge(decompressedBytes);
    hold(bytes, reading);
  };
}

async function receive(request: Request, reading: BodyReading): Promise<Buffer> {
  const { bodyBytes, bodyTimeoutMs } = reading.limits;
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > bodyBytes * DISCARD_FACTOR) throw tooLarge(bodyBytes);
  if (request.body === null) return Buffer.alloc(0);
  const reader = readerOf(request.body);
  try {
    const { clock } = reading;
    return await withTimeout(() => readAll(reader, reading), bodyTimeoutMs, { clock });
  } catch (cause) {
    if (cause instanceof RequestRefusal) throw cause;
    if (cause instanceof TimeoutError) {
      const message = `The body did not arrive within ${bodyTimeoutMs} ms`;
      throw new RequestRefusal(408, 'body_timeout', message, { cause });
    }
    throw new RequestRefusal(400, 'aborted', 'The body broke off', { cause });
  } finally {
    // Ends a read that hangs. Not cancelled: that would reset the connection before the answer.
    reader.releaseLock();
  }
}

/** @throws RequestRefusal 500 when something read the body before, such as a framework's parser */
function readerOf(body: ReadableStream<Uint8Array>): ReadableStreamDefaultReader<Uint8Array> {
  try {
    return body.getReader();
  } catch (cause) {
    const message = 'The body was read before it reached the handler';
    throw new RequestRefusal(500, 'internal', message, { cause });
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  reading: BodyReading,
): Promise<Buffer> {
  const limitBytes = reading.limits.bodyBytes;
  let chunks: Uint8Array[] = [];
  let receivedBytes = 0;
  while (receivedBytes <= limitBytes * DISCARD_FACTOR) {
    const { done, value } = await reader.read();
    if (done) break;
    receivedBytes += value.byteLength;
    if (receivedBytes > limitBytes) {
      chunks = [];
      continue;
    }
    hold(value.byteLength, reading);
    chunks.push(value);
  }
  if (receivedBytes > limitBytes) throw tooLarge(limitBytes);
  return Buffer.concat(chunks);
}

function hold(bytes: number, { take, share }: BodyReading): void {
  if (!take(bytes, share)) throw overloaded('Too many bytes of other requests are held');
}

function tooLarge(limitBytes: number): RequestRefusal {
  return new RequestRefusal(413, 'too_large', `The body is larger than ${limitBytes} bytes`);
}
