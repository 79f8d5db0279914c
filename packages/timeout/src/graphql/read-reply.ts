import { readWait } from '../fetch/rate-limit.ts';
import { codeOf, GraphQLError, type GraphQLErrorEntry, GraphQLHttpError } from './errors.ts';

/** A reply without errors. */
export interface GraphQLReply<TData> {
  readonly data: TData;
  /** What the server adds: Shopify's cost of the request, for instance. */
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** A reply of any kind. */
export interface RawReply {
  readonly data: unknown;
  readonly errors: readonly GraphQLErrorEntry[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

/**
 * Reads the body and takes it apart.
 *
 * @param now wall-clock time, for a `Retry-After` that is a date.
 * @throws GraphQLHttpError when it is not a GraphQL reply.
 */
export async function readReply(response: Response, now: number): Promise<RawReply> {
  const text = await response.text();
  const failure = (cause?: unknown): GraphQLHttpError =>
    new GraphQLHttpError(response.status, text, readWait(response.headers, now), { cause });
  let reply: unknown;
  try {
    reply = JSON.parse(text);
  } catch (error) {
    throw failure(error);
  }
  // Shopify's 401 and 402 are JSON, too, with a string for `errors`.
  if (!isRecord(reply) || (response.status >= 400 && !Array.isArray(reply['errors'])))
    throw failure();
  const errors = Array.isArray(reply['errors']) ? reply['errors'].map(toEntry) : [];
  if (errors.length === 0 && !isRecord(reply['data'])) throw failure();
  const { data, extensions } = reply;
  return { data, errors, extensions: isRecord(extensions) ? extensions : {} };
}

/** The errors of a reply as one error. */
export function toError(reply: RawReply, response: Response): GraphQLError {
  return new GraphQLError({
    errors: reply.errors,
    data: reply.data,
    status: response.status,
    requestId: requestIdOf(reply.errors[0], response.headers),
  });
}

/** Whether any error has one of these codes. */
export function hasCode(errors: readonly GraphQLErrorEntry[], codes: ReadonlySet<string>): boolean {
  return errors.some((entry) => codes.has(codeOf(entry) ?? ''));
}

/**
 * Whether nothing of the operation was carried out: each error has one of these codes, and each field
 * that gave nothing has such an error. Without an error, `null` may be what a field was to give.
 */
export function isRefused(
  { errors, data }: Pick<RawReply, 'errors' | 'data'>,
  codes: ReadonlySet<string>,
): boolean {
  return (
    errors.every((entry) => codes.has(codeOf(entry) ?? '')) &&
    isWithoutData(data) &&
    Object.keys(isRecord(data) ? data : {}).every((field) =>
      errors.some(({ path }) => path?.[0] === field),
    )
  );
}

/** Nothing of it is of use to the caller. */
export function isWithoutData(data: unknown): boolean {
  return !isRecord(data) || Object.values(data).every((value) => value === null);
}

function requestIdOf(entry: GraphQLErrorEntry | undefined, headers: Headers): string | undefined {
  const { requestId, id } = entry?.extensions ?? {};
  for (const candidate of [requestId, id, headers.get('x-request-id')]) {
    if (typeof candidate === 'string') return candidate;
  }
  return undefined;
}

function toEntry(value: unknown): GraphQLErrorEntry {
  if (!isRecord(value)) return { message: String(value) };
  const { message, extensions } = value;
  return {
    ...value,
    message: typeof message === 'string' ? message : 'Unknown error',
    extensions: isRecord(extensions) ? extensions : undefined,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
