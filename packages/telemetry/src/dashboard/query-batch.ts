import { InvalidOptionsError } from '@ops/timeout';
import type { DashboardEvent } from './dashboard-event.ts';
import { type MergeableQuery, mergeQueries } from './merge-queries.ts';
import { type WidgetContext, widgetContext } from './widget.ts';

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Answers queries of one moment together. */
export interface QueryBatch {
  /** `build` is called when the statement is made, so that all of one moment have the same `now`. */
  load(widget: string, build: (context: WidgetContext) => MergeableQuery): Promise<Rows>;
}

export interface QueryBatchOptions {
  /** One statement; answers in the order of the queries. */
  readonly queryMany: (queries: readonly MergeableQuery[]) => Promise<readonly Rows[]>;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly tell: (event: DashboardEvent) => void;
}

interface Load {
  readonly widget: string;
  readonly build: (context: WidgetContext) => MergeableQuery;
  readonly resolve: (rows: Rows) => void;
  readonly reject: (error: unknown) => void;
}

/** Queries in one statement; more make the next. Planning a union takes time by its parts. */
const MAX_QUERIES = 50;

/**
 * Collects what is loaded in one turn of the event loop. When the statement fails because of what it
 * says, its queries are asked once more, each alone, so that one that is wrong does not fail the
 * others; when the database is away, all fail together.
 */
export function createQueryBatch({
  queryMany,
  now,
  monotonic,
  tell,
}: QueryBatchOptions): QueryBatch {
  let waiting: Load[] = [];

  const answer = async (
    loads: readonly Load[],
    queries: readonly MergeableQuery[],
  ): Promise<void> => {
    const merged = mergedOrAlone(queries);
    for (let from = 0; from < merged.length; from += MAX_QUERIES) {
      const part = merged.slice(from, from + MAX_QUERIES);
      const members = part.flatMap((each) => each.members);
      const startedMs = monotonic();
      const ask = async (): Promise<void> => {
        const answers = await queryMany(part.map(({ query }) => query));
        const widgets = [...new Set(members.map((index) => loads[index]?.widget ?? ''))];
        const durationMs = monotonic() - startedMs;
        const counts = { queryCount: part.length, loadCount: members.length };
        tell({ type: 'queried', widgets, ...counts, durationMs });
        await Promise.all(
          part.map(async (each, index) => {
            const rows = each.split(answers[index] ?? []);
            if (rows === undefined) return alone(each.members);
            each.members.forEach((member, place) => loads[member]?.resolve(rows[place] ?? []));
          }),
        );
      };
      const alone = async (indexes: readonly number[]): Promise<void> => {
        for (const index of indexes) {
          const load = loads[index];
          const query = queries[index];
          if (load === undefined || query === undefined) continue;
          await queryMany([query]).then(([rows]) => load.resolve(rows ?? []), load.reject);
        }
      };
      try {
        await ask();
      } catch (error) {
        if (members.length > 1 && isOfStatement(error)) await alone(members);
        else for (const index of members) loads[index]?.reject(error);
      }
    }
  };

  const flush = (): void => {
    const context = widgetContext(now());
    const loads: Load[] = [];
    const queries: MergeableQuery[] = [];
    for (const load of waiting) {
      try {
        const query: unknown = load.build(context);
        if (typeof query !== 'object' || query === null) {
          throw new InvalidOptionsError(
            `Widget ${load.widget}: expected a query, got ${typeof query}`,
          );
        }
        queries.push(query as MergeableQuery);
        loads.push(load);
      } catch (error) {
        load.reject(error);
      }
    }
    waiting = [];
    answer(loads, queries).catch((error: unknown) => {
      for (const load of loads) load.reject(error);
    });
  };

  return {
    load(widget, build) {
      return new Promise((resolve, reject) => {
        // After all promise callbacks of this turn: readers behind an await come along.
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ widget, build, resolve, reject });
      });
    },
  };
}

/** A query that cannot even be compared, since it has a cycle say, is for `queryMany` to refuse. */
function mergedOrAlone(queries: readonly MergeableQuery[]): ReturnType<typeof mergeQueries> {
  try {
    return mergeQueries(queries);
  } catch {
    return queries.map((query, index) => ({ query, members: [index], split: (rows) => [rows] }));
  }
}

/**
 * Whether it says something of the queries: our own refusals, and the server's of classes 22 (data),
 * 42 (names, rights, syntax) and 54 (too complex). Anything else, a lost connection or a timeout
 * say, would only be repeated by asking again.
 */
function isOfStatement(error: unknown): boolean {
  const code: unknown = Reflect.get(Object(error), 'code');
  return typeof code === 'string' && /^(?:22|42|54)...$|^ERR_OPS_(?!TIMEOUT$)/.test(code);
}
