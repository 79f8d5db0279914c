/** The parts of an event that can have a column. */
export type EventField =
  | 'id'
  | 'name'
  | 'userId'
  | 'path'
  | 'props'
  | 'context'
  | 'timestamp'
  | 'clientTimestamp'
  | 'receivedAt'
  | 'source'
  | 'sampleRate';

/**
 * The column of each part; null leaves a part out. What is not said is taken from the table that
 * `ensureTables` makes; the parts marked "partitioned" are written without being named only to a
 * table that is partitioned and has the column. So a plain
 * `app_events(id, user_id, event_type, path, meta, created_at)` needs no mapping, and a column of
 * yours that happens to be called `source` is left alone.
 */
export interface ColumnMapping {
  /** Must be unique by itself. @default 'id' */
  readonly id?: string | undefined;
  /** @default 'event_type' */
  readonly name?: string | null | undefined;
  /** `userId` of the context; null where there is none. @default 'user_id' */
  readonly userId?: string | null | undefined;
  /** `path` of the context; null where there is none. @default 'path' */
  readonly path?: string | null | undefined;
  /** JSON. @default 'meta' */
  readonly props?: string | null | undefined;
  /** JSON of the whole context, `userId` and `path` included. Partitioned: `context`. */
  readonly context?: string | null | undefined;
  /** When it happened, by the server's clock. @default 'created_at' */
  readonly timestamp?: string | null | undefined;
  /** When it happened, as the client wrote it; null where it wrote nothing. @default null */
  readonly clientTimestamp?: string | null | undefined;
  /** When the server got it. Partitioned: `received_at`. */
  readonly receivedAt?: string | null | undefined;
  /** Who sent it. Partitioned: `source`. */
  readonly source?: string | null | undefined;
  /** Share of such events that are sent, in (0, 1]. Partitioned: `sample_rate`. */
  readonly sampleRate?: string | null | undefined;
}

/** Defaults that every table has to have. */
const BASE = {
  id: 'id',
  name: 'event_type',
  userId: 'user_id',
  path: 'path',
  props: 'meta',
  timestamp: 'created_at',
} as const satisfies ColumnMapping;

/** Defaults of a partitioned table, each where there is such a column. */
const PARTITIONED = {
  context: 'context',
  receivedAt: 'received_at',
  source: 'source',
  sampleRate: 'sample_rate',
} as const satisfies ColumnMapping;

/** Whether two parts are given one column, by name or by default. */
export function hasColumnTwice(mapping: ColumnMapping): boolean {
  const named = Object.values({ ...BASE, ...given(mapping) }).filter((column) => column !== null);
  return new Set(named).size !== named.length;
}

/** The columns to write, of a table that has `existing`. Those that are missing are in here too. */
export function resolveColumns(
  mapping: ColumnMapping,
  existing: ReadonlySet<string>,
  isPartitioned: boolean,
): readonly (readonly [EventField, string])[] {
  const chosen: Partial<Record<EventField, string | null>> = { ...BASE, ...given(mapping) };
  if (isPartitioned) {
    for (const [field, column] of entriesOf(PARTITIONED)) {
      const isFree = !Object.values(chosen).includes(column);
      if (chosen[field] === undefined && isFree && existing.has(column)) chosen[field] = column;
    }
  }
  return entriesOf(chosen).flatMap(([field, column]) =>
    typeof column === 'string' ? [[field, column] as const] : [],
  );
}

function given(mapping: ColumnMapping): Partial<Record<EventField, string | null>> {
  return Object.fromEntries(entriesOf(mapping).filter(([, column]) => column !== undefined));
}

function entriesOf<T>(record: { readonly [Field in EventField]?: T }): [EventField, T][] {
  return Object.entries(record) as [EventField, T][];
}
