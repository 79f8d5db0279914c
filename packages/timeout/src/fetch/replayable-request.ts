import { InvalidOptionsError } from '../errors.ts';
import { IDEMPOTENCY_HEADER, isIdempotent } from './idempotency.ts';

type Input = Parameters<typeof globalThis.fetch>[0];
type Init = NonNullable<Parameters<typeof globalThis.fetch>[1]>;
/** What a request can carry. */
type Body = NonNullable<Init['body']>;

/** What the caller says of one request, beyond `fetch`. */
export interface RequestFacts {
  readonly idempotent?: boolean | undefined;
  readonly idempotencyKey?: boolean | string | undefined;
  readonly body?: (() => Body | Promise<Body>) | undefined;
}

/** A request that can be sent several times, if its body allows. */
export interface ReplayableRequest {
  readonly isIdempotent: boolean;
  /** False when the body is a stream: what was read of it is gone. */
  readonly isReplayable: boolean;
  /**
   * The arguments for one attempt. Extra headers do not take the place of the caller's. Unless
   * `isOnlyAttempt`, a `Request` is cloned, which keeps its body in memory.
   */
  prepare(
    extraHeaders: Readonly<Record<string, string>>,
    isOnlyAttempt: boolean,
  ): Promise<[Input, Init]>;
  /** Lets go of the body that was kept for further attempts. */
  release(): void;
}

/** Looks at the arguments of a `fetch` call, and settles once what all of its attempts share. */
export function replayable(
  input: Input,
  init: Init | undefined,
  facts: RequestFacts,
): ReplayableRequest {
  // Allowed, though rare; its fields are accessors, which a copy would lose.
  if (isRequest(init)) return replayable(new Request(input, init), undefined, facts);
  if (facts.idempotencyKey === '') {
    throw new InvalidOptionsError("resilience.idempotencyKey: expected true or a key, got ''");
  }
  const request = isRequest(input) ? input : undefined;
  const headers = new Headers(init?.headers ?? request?.headers);
  const addsKey = Boolean(facts.idempotencyKey) && !headers.has(IDEMPOTENCY_HEADER);
  if (addsKey) headers.set(IDEMPOTENCY_HEADER, keyOf(facts.idempotencyKey));
  const hasOwnBody = facts.body !== undefined || (init?.body ?? undefined) !== undefined;
  const carriesBody = !hasOwnBody && (request?.body ?? undefined) !== undefined;
  let isCloned = false;

  return {
    isIdempotent: isIdempotent(init?.method ?? request?.method ?? 'GET', headers, facts.idempotent),
    isReplayable: facts.body !== undefined || isKept(init?.body),
    async prepare(extraHeaders, isOnlyAttempt) {
      const own: Init = { ...init };
      delete (own as { resilience?: unknown }).resilience;
      const extra = Object.entries(extraHeaders);
      if (addsKey || extra.length > 0) {
        const all = new Headers(headers);
        for (const [name, value] of extra) if (!all.has(name)) all.set(name, value);
        own.headers = all;
      }
      if (facts.body !== undefined) setBody(own, await facts.body());
      if (!carriesBody || request === undefined || isOnlyAttempt) return [input, own];
      isCloned = true;
      return [request.clone(), own];
    },
    release() {
      // The branch that no attempt reads would keep the whole body. Asked for here, since each clone
      // puts another stream in the place of the last.
      if (isCloned) request?.body?.cancel().catch(() => {});
    },
  };
}

function keyOf(stated: boolean | string | undefined): string {
  return typeof stated === 'string' ? stated : crypto.randomUUID();
}

function setBody(init: Init, body: Body): void {
  init.body = body;
  // Node asks for it with a stream; browsers that take streams do, too.
  if (body instanceof ReadableStream) (init as { duplex?: 'half' }).duplex = 'half';
}

/** By its form: a `Request` of another realm or another undici is one, too. */
function isRequest(input: Input | Init | undefined): input is Request {
  return typeof input === 'object' && 'clone' in input && 'headers' in input;
}

const KEPT_TAGS: ReadonlySet<string> = new Set([
  'ArrayBuffer',
  'SharedArrayBuffer',
  'Blob',
  'File',
  'FormData',
  'URLSearchParams',
]);

/** Whether a body can be read again and again. Whatever is not known to be so is taken for a stream. */
function isKept(body: unknown): boolean {
  if (body === null || body === undefined || typeof body === 'string') return true;
  if (ArrayBuffer.isView(body)) return true;
  const tag = Object.prototype.toString.call(body).slice('[object '.length, -1);
  return KEPT_TAGS.has(tag);
}
