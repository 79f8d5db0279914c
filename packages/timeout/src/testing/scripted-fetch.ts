/**
 * One reply of a script: a response, an error to reject with, `'hang'` for a server that never
 * answers, or a function of the request that gives one of these.
 */
export type ScriptedReply =
  | Response
  | Error
  | 'hang'
  | ((request: Request) => Response | Error | 'hang' | Promise<Response | Error | 'hang'>);

/** A `fetch` that sends nothing. */
export interface ScriptedFetch {
  (...args: Parameters<typeof globalThis.fetch>): Promise<Response>;
  /** What it was asked, in order. */
  readonly requests: readonly Request[];
  /** Replies not yet given. */
  readonly remainingCount: number;
}

/**
 * A `fetch` that gives `replies` one after the other, and rejects when they have run out. Like the
 * real one it rejects with the reason of an aborted signal, and gives its signal to the request.
 */
export function scriptedFetch(...replies: ScriptedReply[]): ScriptedFetch {
  const left = [...replies];
  const requests: Request[] = [];
  const fetch = async (...args: Parameters<typeof globalThis.fetch>): Promise<Response> => {
    const request = new Request(...args);
    // Not `request.signal`, which follows it a garbage collection too late to be counted on.
    const signal = args[1]?.signal ?? request.signal;
    signal.throwIfAborted();
    requests.push(request);
    const scripted = left.shift();
    if (scripted === undefined) {
      throw new Error(`scriptedFetch: no reply left for ${request.method} ${request.url}`);
    }
    const reply = typeof scripted === 'function' ? await scripted(request.clone()) : scripted;
    signal.throwIfAborted();
    if (reply instanceof Error) throw reply;
    return reply === 'hang' ? untilAborted(signal) : reply;
  };
  return Object.defineProperties(fetch, {
    requests: { get: () => requests },
    remainingCount: { get: () => left.length },
  }) as ScriptedFetch;
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
