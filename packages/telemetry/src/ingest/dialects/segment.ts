import {
  type DecodedBatch,
  type DecodedEvent,
  type Dialect,
  defined,
  isRecord,
} from './dialect.ts';

type SegmentType = 'track' | 'identify' | 'page' | 'screen' | 'group' | 'alias';

/** By the end of the path of a request with one event; the browser's client uses the short forms. */
const TYPE_BY_PATH: Readonly<Record<string, SegmentType>> = {
  track: 'track',
  t: 'track',
  identify: 'identify',
  i: 'identify',
  page: 'page',
  p: 'page',
  screen: 'screen',
  s: 'screen',
  group: 'group',
  g: 'group',
  alias: 'alias',
  a: 'alias',
};

const TYPES: ReadonlySet<unknown> = new Set(Object.values(TYPE_BY_PATH));

/** `/v1/batch`, `/v1/b` and `/v1/import`, and `/v1/track` and the like. */
const PATH =
  /\/v1\/(?:(?<batch>batch|b|import)|(?<one>track|identify|page|screen|group|alias|[tipsga]))$/;

/**
 * Segment's HTTP tracking API, which RudderStack's clients speak too. `track` is an event of the name
 * in `event`; the other types are events of the name of their type (`page`, `identify`, …).
 *
 * @see https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
 */
export const segment: Dialect = {
  name: 'segment',
  hasResults: false,
  takesForeignIds: true,
  success: { success: true },
  ownsPath: (path) => PATH.test(path),
  decode(body, { path }): DecodedBatch | undefined {
    const { batch, sentAt, writeKey: key } = body;
    if (Array.isArray(batch)) {
      const { context } = body;
      return { sentAt, key, events: batch.map((raw) => decodeEvent(raw, undefined, context)) };
    }
    const named = PATH.exec(path)?.groups?.['one'];
    const type = named === undefined ? undefined : TYPE_BY_PATH[named];
    if (type === undefined && !TYPES.has(body['type'])) return undefined;
    return { sentAt, key, events: [decodeEvent(body, type)] };
  },
};

/** `batchContext` is what a batch says of all its events. */
function decodeEvent(
  raw: unknown,
  typeByPath?: SegmentType,
  batchContext?: unknown,
): DecodedEvent | string {
  if (!isRecord(raw)) return 'not an object';
  const type: unknown = typeByPath ?? raw['type'];
  if (!TYPES.has(type)) return 'type: expected track, identify, page, screen, group or alias';
  return {
    id: raw['messageId'],
    name: type === 'track' ? raw['event'] : type,
    timestamp: raw['originalTimestamp'] ?? raw['timestamp'],
    props: propsOf(type as SegmentType, raw),
    context: contextOf(raw, batchContext),
    sampleRate: undefined,
    raw,
  };
}

function propsOf(type: SegmentType, raw: Readonly<Record<string, unknown>>): unknown {
  const { properties, traits, name, category, groupId, previousId, userId } = raw;
  switch (type) {
    case 'page':
    case 'screen':
      return withMembers(defined({ name, category }), properties);
    case 'identify':
      return traits ?? {};
    case 'group':
      return withMembers({ groupId }, traits);
    case 'alias':
      return { previousId, userId };
    case 'track':
    default:
      return properties ?? {};
  }
}

/** `own` and the members of `given`; `given` itself when it has none, for the schema to refuse. */
function withMembers(own: Readonly<Record<string, unknown>>, given: unknown): unknown {
  if (given === undefined || given === null) return own;
  return isRecord(given) ? { ...own, ...given } : given;
}

/** The host's part of the context is kept whole; who and where are put where this package has them. */
function contextOf(raw: Readonly<Record<string, unknown>>, batchContext: unknown): unknown {
  const { context, userId, anonymousId } = raw;
  if (!isRecord(context ?? {})) return context;
  const merged: Record<string, unknown> = {
    ...(isRecord(batchContext) && batchContext),
    ...(context as Record<string, unknown> | undefined),
  };
  const page = merged['page'];
  const path = isRecord(page) ? page['path'] : undefined;
  return { ...merged, ...defined({ userId, anonymousId, path }) };
}
