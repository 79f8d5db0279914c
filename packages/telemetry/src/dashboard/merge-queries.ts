/** As much of a query as merging looks at. */
export interface MergeableQuery {
  readonly rollup: string;
  readonly where?: Readonly<Record<string, unknown>> | undefined;
  readonly groupBy?: readonly string[] | undefined;
  readonly top?: unknown;
}

type Row = Readonly<Record<string, unknown>>;

/** One query in place of several. */
export interface MergedQuery<Q extends MergeableQuery> {
  readonly query: Q;
  /** Which queries it answers, by their place in the list. */
  readonly members: readonly number[];
  /**
   * The rows of each member. Undefined when a row belongs to none of them: the database then compares
   * values in a way of its own (a case-insensitive type, say), and the members have to be asked alone.
   */
  split(rows: readonly Row[]): readonly (readonly Row[])[] | undefined;
}

/** Values in one `where`. */
const MAX_MERGED = 1_000;
/** What every type and collation that is in use prints as it was written, but for upper case. */
const PLAIN_TEXT = /^[A-Za-z0-9_-]+$/;

/**
 * Makes one query of those that differ only in one value of `where`: of 200 rows of a page that each
 * ask for their own numbers, `where: { id: [200 values] }, groupBy: ['id']`. Queries with `top` stay
 * alone, since the limit holds for each, and so do values that need not read as they were written.
 */
export function mergeQueries<Q extends MergeableQuery>(
  queries: readonly Q[],
): readonly MergedQuery<Q>[] {
  const merged: MergedQuery<Q>[] = [];
  const taken = new Set<number>();
  const candidates = [...candidatesOf(queries).values()];
  for (const { dimension, members } of candidates.toSorted(byMostMembers)) {
    const free = distinctValues(queries, dimension, members).filter((index) => !taken.has(index));
    for (let from = 0; free.length - from >= 2; from += MAX_MERGED) {
      const part = free.slice(from, from + MAX_MERGED);
      for (const index of part) taken.add(index);
      merged.push(mergedOf(queries, dimension, part));
    }
  }
  queries.forEach((query, index) => {
    if (!taken.has(index)) merged.push({ query, members: [index], split: (rows) => [rows] });
  });
  return merged;
}

interface Candidate {
  readonly dimension: string;
  readonly members: number[];
}

function byMostMembers(one: Candidate, other: Candidate): number {
  return other.members.length - one.members.length;
}

/** By what the queries have in common without the value of one dimension. */
function candidatesOf(queries: readonly MergeableQuery[]): ReadonlyMap<string, Candidate> {
  const found = new Map<string, Candidate>();
  queries.forEach((query, index) => {
    if (query.top !== undefined) return;
    for (const [dimension, value] of Object.entries(query.where ?? {})) {
      if (!isPlain(value)) continue;
      const rest = { ...query, where: { ...query.where, [dimension]: typeof value } };
      const key = `${dimension} ${JSON.stringify(rest, exactly)}`;
      const candidate = found.get(key) ?? { dimension, members: [] };
      candidate.members.push(index);
      found.set(key, candidate);
    }
  });
  return found;
}

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' ? PLAIN_TEXT.test(value) : Number.isSafeInteger(value);
}

/** What JSON has no way to write, or writes as null: not the same as null to the database. */
function exactly(_key: string, value: unknown): unknown {
  const isNumber = typeof value === 'bigint' || typeof value === 'number';
  return isNumber && !Number.isFinite(value) ? `${typeof value} ${value}` : value;
}

/** Of values that differ only in case the first: another could be the same to the database. */
function distinctValues(
  queries: readonly MergeableQuery[],
  dimension: string,
  members: readonly number[],
): readonly number[] {
  const seen = new Set<string>();
  return members.filter((index) => {
    const value = String(queries[index]?.where?.[dimension]).toLowerCase();
    return !seen.has(value) && seen.add(value);
  });
}

function mergedOf<Q extends MergeableQuery>(
  queries: readonly Q[],
  dimension: string,
  members: readonly number[],
): MergedQuery<Q> {
  const first = queries[members[0] ?? 0] as Q;
  const values = members.map((index) => queries[index]?.where?.[dimension]);
  const groupBy = first.groupBy ?? Object.keys(first.where ?? {});
  const isShown = groupBy.includes(dimension);
  const where = { ...first.where, [dimension]: values };
  return {
    query: { ...first, where, groupBy: isShown ? groupBy : [...groupBy, dimension] },
    members,
    split(rows) {
      const parts = new Map<string, Row[]>(values.map((value) => [String(value), []]));
      for (const row of rows) {
        const { [dimension]: value, ...others } = row;
        const part = parts.get(String(value));
        if (part === undefined) return undefined;
        part.push(isShown ? row : others);
      }
      return [...parts.values()];
    },
  };
}
