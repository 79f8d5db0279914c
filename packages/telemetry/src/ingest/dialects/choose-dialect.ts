import type { DecodedBatch, DecodingRequest, Dialect } from './dialect.ts';
import { native } from './native.ts';
import { posthog } from './posthog.ts';
import { posthogV1 } from './posthog-v1.ts';
import { segment } from './segment.ts';

/** Those that tell by the path come first, those with the looser shape last. */
const DIALECTS: readonly Dialect[] = [native, posthogV1, posthog, segment];

/** A batch and the dialect it is in. */
export interface ReadBatch {
  readonly dialect: Dialect;
  readonly batch: DecodedBatch;
}

/**
 * Decodes a body in the dialect of its path, or else in the one of its shape: `events` is native,
 * `batch` with `api_key` PostHog's, `batch` without or a single event with a `type` Segment's. So
 * clients whose path can be set reach the handler at any path. Undefined when it is none of `names`.
 */
export function decodeInDialect(
  body: Readonly<Record<string, unknown>>,
  request: DecodingRequest,
  names: readonly Dialect['name'][],
): ReadBatch | undefined {
  const enabled = DIALECTS.filter(({ name }) => names.includes(name));
  const owners = enabled.filter((dialect) => dialect.ownsPath(request.path));
  for (const dialect of [...owners, ...enabled.filter((each) => fits(each, body))]) {
    const batch = dialect.decode(body, request);
    if (batch !== undefined) return { dialect, batch };
  }
  return undefined;
}

function fits(dialect: Dialect, body: Readonly<Record<string, unknown>>): boolean {
  if (dialect === posthog) return Object.hasOwn(body, 'api_key');
  return dialect !== posthogV1;
}
