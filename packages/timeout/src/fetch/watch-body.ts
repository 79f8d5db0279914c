const READERS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;
type Reader = (typeof READERS)[number];

/** What looks after a body. */
export interface BodyWatch {
  /** Reads reject with its reason as soon as it is aborted, when the body itself does not notice. */
  readonly signal: AbortSignal;
  /** Called when a wait for the next chunk begins; what it returns, when that wait is over. */
  readonly waiting?: (() => () => void) | undefined;
  /** Called once: the body was read to its end, failed, or was cancelled; or there is none. */
  readonly ended: () => void;
}

/**
 * Watches the body of `response` and returns the same `Response`: a new one would lose `url`,
 * `redirected` and `type`. Its readers are shadowed by own properties that do the same and report.
 * With `clone()`, `ended` waits for both bodies.
 */
export function watchBody(response: Response, watch: BodyWatch): Response {
  // A body of no length is there, but nothing comes of it, and few callers trouble to read it.
  if (response.body === null || response.headers.get('content-length') === '0') {
    watch.ended();
    return response;
  }
  let openCount = 1;
  const share = (one: Response): void => {
    const end = once(() => {
      openCount -= 1;
      if (openCount === 0) watch.ended();
    });
    shadow(one, { ...watch, ended: end }, (copy) => {
      openCount += 1;
      share(copy);
    });
  };
  share(response);
  return response;
}

function shadow(response: Response, watch: BodyWatch, cloned: (copy: Response) => void): void {
  // What the response has by now, not what the global Response has: a fetch that is passed in may
  // have a class of its own, or be a made one, whose watch must go on.
  const clone = response.clone.bind(response);
  const nativeBody = bodyOf(response);
  const isStream = typeof nativeBody().getReader === 'function'; // that of node-fetch is none
  let body: ReadableStream | undefined;
  const watchedBody = (): ReadableStream => (body ??= watchedStream(nativeBody, watch));
  for (const name of READERS) {
    const native = response[name] as (() => Promise<unknown>) | undefined;
    if (native === undefined) continue; // bytes() is younger than the other five
    define(response, name, {
      value: async () => {
        // A body that is read already is theirs to refuse; whoever reads it stays watched.
        if (response.bodyUsed) return native.call(response);
        // The native readers do not tell when a chunk comes, so a watch on the gaps between them has
        // to read for itself. Without one they are faster, but know nothing of a lock on our stream.
        if (isStream && (watch.waiting !== undefined || body?.locked === true)) {
          return readAll(watchedBody(), response.headers, name);
        }
        try {
          return await untilAborted(native.call(response), watch.signal);
        } finally {
          watch.ended();
        }
      },
    });
  }
  define(response, 'clone', {
    value: () => {
      const copy = clone();
      cloned(copy);
      return copy;
    },
  });
  if (isStream) define(response, 'body', { get: watchedBody });
}

/** Its body as it is before it is shadowed; never null, see {@link watchBody}. */
function bodyOf(response: Response): () => ReadableStream {
  const own = Object.getOwnPropertyDescriptor(response, 'body');
  if (own?.value !== undefined) return () => own.value as ReadableStream;
  const prototype: object = Object.getPrototypeOf(response);
  return () =>
    (own?.get?.call(response) ?? Reflect.get(prototype, 'body', response)) as ReadableStream;
}

/** Reads the stream as the response's own reader would: the headers tell the type of a blob or form. */
function readAll(body: ReadableStream, headers: Headers, name: Reader): Promise<unknown> {
  return new Response(body, { headers })[name]();
}

function define(response: Response, name: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(response, name, { configurable: true, ...descriptor });
}

/**
 * Passes `source` on and reports its end. The source is locked at the first read and not before,
 * so looking at `response.body` leaves `response.text()` usable, as it natively does. A wait counts
 * only while the consumer asks for data: one that is slow to ask does not make the sender late.
 * A stream of bytes takes the memory of each chunk away from whoever gave it. So it is one only if
 * its source is: the chunks of any other may be shared, with a clone or with Node's pool.
 */
function watchedStream(source: () => ReadableStream, watch: BodyWatch): ReadableStream {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const pump = {
    async pull(
      controller: ReadableStreamDefaultController | ReadableByteStreamController,
    ): Promise<void> {
      reader ??= source().getReader();
      const arrived = watch.waiting?.();
      try {
        const { done, value } = await untilAborted(reader.read(), watch.signal);
        if (!done) {
          controller.enqueue(value);
          return;
        }
        controller.close();
        if ('byobRequest' in controller) controller.byobRequest?.respond(0);
      } catch (error) {
        controller.error(error);
        // One that did not notice the abort would go on holding its connection.
        reader.cancel(error).catch(() => {});
      } finally {
        arrived?.();
      }
      watch.ended();
    },
    async cancel(reason: unknown): Promise<void> {
      // Locked by a native reader, it cannot be cancelled, and that reader stays watched.
      if (reader !== undefined || !source().locked) watch.ended();
      await (reader ?? source()).cancel(reason);
    },
  };
  const strategy = { highWaterMark: 0 };
  return isByteStream(source())
    ? new ReadableStream({ type: 'bytes', ...pump }, strategy)
    : new ReadableStream(pump, strategy);
}

function isByteStream(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false; // or it is locked, and nothing can be read anyway
  }
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
