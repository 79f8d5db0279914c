import { classifyError, systemCodeOf } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';

/**
 * The text of a body, as UTF-8, of `maxBytes` at most. What is counted is the body unpacked, so a
 * small one that unpacks to gigabytes is cut off too. The rest is cancelled, whatever happens.
 *
 * @throws CheckFailedError when it is longer or does not arrive; the signal's reason when aborted.
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const cancel = (): void => {
    // It may fail when the connection has just gone, and of a foreign stream it may never settle.
    reader.cancel().catch(() => {});
  };
  // A fetch that was injected need not have tied the body to the signal.
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await readAll(reader, maxBytes, signal);
  } catch (error) {
    if (signal.aborted || error instanceof CheckFailedError) throw error;
    const reason = systemCodeOf(error) ?? 'it broke off';
    throw new CheckFailedError(classifyError(error), `the body did not arrive: ${reason}`, {
      cause: error,
    });
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let byteCount = 0;
  for (;;) {
    const { done, value } = await reader.read();
    // Cancelling ends the stream as if all of it had come.
    signal.throwIfAborted();
    if (done) return text + decoder.decode();
    byteCount += value.byteLength;
    if (byteCount > maxBytes) {
      throw new CheckFailedError('bad_response', `the body is longer than ${maxBytes} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
