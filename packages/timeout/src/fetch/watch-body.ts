const READERS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

/**
 * Calls `ended` once, when the body of `response` has been read to its end, has failed, or was
 * cancelled; at once when there is no body. Returns the same `Response`: a new one would lose
 * `url`, `redirected` and `type`. Its readers are shadowed by own properties that do the same and
 * then report. A read also rejects as soon as `signal` is aborted, with its reason, when the body
 * itself does not notice. With `clone()`, `ended` waits for both bodies.
 */
export function watchBody(response: Response, signal: AbortSignal, ended: () => void): Response {
  if (response.body === null) {
    ended();
    return response;
  }
  const watch = { openCount: 1, ended };
  shadow(response, signal, watch);
  return response;
}

interface Watch {
  openCount: number;
  ended: () => void;
}

function shadow(response: Response, signal: AbortSignal, watch: Watch): void {
  const end = once(() => {
    watch.openCount -= 1;
    if (watch.openCount === 0) watch.ended();
  });
  for (const name of READERS) {
    const read = Response.prototype[name] as (() => Promise<unknown>) | undefined;
    if (read === undefined) continue; // bytes() is younger than the other five
    define(response, name, {
      value: async () => {
        try {
          return await untilAborted(read.call(response), signal);
        } finally {
          end();
        }
      },
    });
  }
  define(response, 'clone', {
    value: () => {
      const copy = Response.prototype.clone.call(response);
      watch.openCount += 1;
      shadow(copy, signal, watch);
      return copy;
    },
  });
  let body: ReadableStream | undefined;
  define(response, 'body', {
    get: () => (body ??= watchedStream(() => nativeBody(response), signal, end)),
  });
}

/** The stream behind the shadow; never null here, see {@link watchBody}. */
function nativeBody(response: Response): ReadableStream {
  return Reflect.get(Response.prototype, 'body', response) as ReadableStream;
}

function define(response: Response, name: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(response, name, { configurable: true, ...descriptor });
}

/**
 * Passes `source` on and reports its end. The source is locked at the first read and not before,
 * so looking at `response.body` leaves `response.text()` usable, as it natively does.
 */
function watchedStream(
  source: () => ReadableStream,
  signal: AbortSignal,
  end: () => void,
): ReadableStream {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream(
    {
      type: 'bytes',
      async pull(controller) {
        reader ??= source().getReader();
        try {
          const { done, value } = await untilAborted(reader.read(), signal);
          if (!done) {
            controller.enqueue(value);
            return;
          }
          controller.close();
          controller.byobRequest?.respond(0);
        } catch (error) {
          controller.error(error);
        }
        end();
      },
      async cancel(reason) {
        end();
        await (reader ?? source()).cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Settles as `work` does, or rejects with the reason as soon as `signal` is aborted. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason);
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
