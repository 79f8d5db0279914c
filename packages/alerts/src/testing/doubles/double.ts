import { type Clock, systemClock } from '@ops/timeout';

/**
 * How a double is to fail. `down`: no connection (nothing arrives). `slow`: no answer until the
 * request is aborted (nothing arrives). `lost-answer`: it takes the request, then the connection
 * breaks. `rate-limited`: every request is answered 429. `server-error`: every request is answered
 * 500. Or any answer of your own.
 */
export type Trouble =
  | 'down'
  | 'slow'
  | 'lost-answer'
  | 'rate-limited'
  | 'server-error'
  | DoubleAnswer;

/** An answer as it goes over the wire. */
export interface DoubleAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A request as it arrived. */
export interface DoubleRequest {
  /** By the double's clock, monotonic milliseconds. */
  readonly atMs: number;
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What it was answered; undefined while it was not, and where the answer was lost. */
  readonly status: number | undefined;
}

/** What all doubles have. */
export interface Double {
  /** To be passed as `fetch`. A request to another address than the service's is a rejection. */
  readonly fetch: typeof globalThis.fetch;
  /** All that came, oldest first; not what came while it was `down`. */
  readonly requests: readonly DoubleRequest[];
  /** Fails from now on, `count` times or until {@link Double.recover}. */
  fail(trouble: Trouble, count?: number): void;
  /** Works again. */
  recover(): void;
}

/** Options of all doubles. */
export interface DoubleOptions {
  /** By which it measures rates and lifetimes. Default: the real time. */
  readonly clock?: Clock | undefined;
}

/** What a double does with requests. */
export interface Service {
  readonly name: string;
  readonly clock: Clock;
  /** Whether the address is one of the service's. */
  owns(url: URL): boolean;
  /** Takes the request and answers. */
  answer(request: ArrivedRequest): DoubleAnswer;
  /** Its own 429, and 500. */
  readonly rateLimited: DoubleAnswer;
  readonly serverError: DoubleAnswer;
  /** Called with a request that gets no answer for as long as it lasts. */
  hold?(request: ArrivedRequest): () => void;
}

/** A request that is to be answered. */
export interface ArrivedRequest extends DoubleRequest {
  readonly path: string;
}

export function clockOf({ clock = systemClock }: DoubleOptions): Clock {
  return clock;
}

/** A service behind a function of the shape of `fetch`. */
export function createDouble(service: Service): Double {
  const requests: DoubleRequest[] = [];
  let trouble: Trouble | undefined;
  let troubleCount = 0;

  const nextTrouble = (): Trouble | undefined => {
    if (troubleCount === 0) return undefined;
    troubleCount -= 1;
    return trouble;
  };

  const doubleFetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    const current = nextTrouble();
    if (current === 'down') throw networkError('ECONNREFUSED');
    const url = new URL(request.url);
    if (!service.owns(url)) {
      throw new TypeError(`${service.name}: there is nothing at ${url.origin}${url.pathname}`);
    }
    const arrived = await arrive(request, url, service.clock);
    const index = requests.push(arrived) - 1;
    if (current === 'slow') return hang(arrived, request.signal, service);
    const answer = answerTo(arrived, current, service);
    if (current === 'lost-answer') throw networkError('ECONNRESET');
    requests[index] = { ...arrived, status: answer.status };
    const hasBody = answer.body !== '';
    return new Response(hasBody ? answer.body : null, {
      status: answer.status,
      headers: { ...answer.headers },
    });
  };

  return {
    fetch: doubleFetch,
    requests,
    fail(how, count = Number.POSITIVE_INFINITY) {
      trouble = how;
      troubleCount = count;
    },
    recover() {
      troubleCount = 0;
    },
  };
}

/** An answer in JSON. */
export function jsonAnswer(
  status: number,
  body: object,
  headers?: Readonly<Record<string, string>>,
): DoubleAnswer {
  return {
    status,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  };
}

/** Whether it is an object of JSON and no array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What the text is as JSON; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function answerTo(
  request: ArrivedRequest,
  trouble: Trouble | undefined,
  service: Service,
): DoubleAnswer {
  if (trouble === 'rate-limited') return service.rateLimited;
  if (trouble === 'server-error') return service.serverError;
  if (typeof trouble === 'object') return trouble;
  return service.answer(request);
}

async function arrive(request: Request, url: URL, clock: Clock): Promise<ArrivedRequest> {
  const body = await request.text();
  return {
    atMs: clock.monotonic(),
    method: request.method,
    url: url.href,
    path: url.pathname,
    headers: Object.fromEntries(request.headers),
    body,
    status: undefined,
  };
}

function hang(request: ArrivedRequest, signal: AbortSignal, service: Service): Promise<never> {
  const release = service.hold?.(request);
  return new Promise((_resolve, reject) => {
    const abort = (): void => {
      release?.();
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** As Node's fetch fails. */
function networkError(code: string): TypeError {
  const cause = Object.assign(new Error(`connect ${code}`), { code });
  return new TypeError('fetch failed', { cause });
}
