/** One event of a batch as a client wrote it, its parts found but not checked. */
export interface DecodedEvent {
  /** The key of its result when it is usable text. */
  readonly id: unknown;
  readonly name: unknown;
  readonly timestamp: unknown;
  readonly props: unknown;
  readonly context: unknown;
  readonly sampleRate: unknown;
  /** What the client sent, for its size. */
  readonly raw: unknown;
}

/** What a client gave up, as it wrote it. */
export interface DecodedLoss {
  readonly id: unknown;
  readonly counts: unknown;
}

/** A body, its parts found. An item of `events` that is no event at all is a string that says why. */
export interface DecodedBatch {
  readonly sentAt: unknown;
  /** The write key in the body. */
  readonly key: unknown;
  readonly events: readonly (DecodedEvent | string)[];
  readonly lost?: DecodedLoss | undefined;
}

/** The parts of a request, besides its body, that a decoder may look at. */
export interface DecodingRequest {
  /** Without query and without a slash at the end. */
  readonly path: string;
  readonly headers: Headers;
}

/** How one kind of client writes a batch and reads the answer. */
export interface Dialect {
  readonly name: 'native' | 'segment' | 'posthog';
  /** Whether the answer has a result for each event. If not, one event to retry is a 503 for all. */
  readonly hasResults: boolean;
  /** Whether ids other than UUIDs are taken, as names from which one is made. */
  readonly takesForeignIds: boolean;
  /** Whether requests with this path are in it, whatever their body. */
  ownsPath(path: string): boolean;
  /** Undefined when the body is none of its own. */
  decode(
    body: Readonly<Record<string, unknown>>,
    request: DecodingRequest,
  ): DecodedBatch | undefined;
  /** The body of a 200 where there are no results. */
  readonly success?: Readonly<Record<string, unknown>> | undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` without the keys that have no value. */
export function defined(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined && member !== null),
  );
}
