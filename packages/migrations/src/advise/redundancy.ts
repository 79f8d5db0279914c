/** What makes an index what it is, from the catalog. Names and contents are left out. */
export interface IndexFacts {
  /** Access method, such as `btree`. */
  readonly method: string;
  readonly isUnique: boolean;
  /** Whether a constraint stands on it, which would go with the index. */
  readonly isConstraint: boolean;
  readonly keys: readonly KeyFacts[];
  /** Columns of `include`. */
  readonly included: readonly string[];
  readonly predicate: string | null;
  /** All else in which two can differ, as one text: storage parameters, deferral, nulls not distinct. */
  readonly rest: string;
}

/** One key of an index. */
export interface KeyFacts {
  /** Column or expression. */
  readonly of: string;
  /** Operator class and collation with their parameters. */
  readonly by: string;
  /** `pg_index.indoption`: 1 for descending plus 2 for nulls first. */
  readonly option: number;
}

/** Whether both are one definition. */
export function isSame(a: IndexFacts, b: IndexFacts): boolean {
  return (
    JSON.stringify({ ...a, isConstraint: false }) === JSON.stringify({ ...b, isConstraint: false })
  );
}

/**
 * Whether every search, order and index-only read that `index` serves is served by `other` as well:
 * its keys are the first keys of the other one, read forwards or backwards. That the other is larger,
 * and so somewhat slower to read, is not weighed. Only B-trees are compared.
 *
 * An index that enforces something has a purpose beside reading and is redundant only with its double.
 */
export function isServedBy(index: IndexFacts, other: IndexFacts): boolean {
  if (index.isConstraint) return false;
  if (index.isUnique) return other.isUnique && isSame(index, other);
  if (index.method !== 'btree' || other.method !== 'btree') return isSame(index, other);
  if (other.predicate !== null && other.predicate !== index.predicate) return false;
  const keys = other.keys.slice(0, index.keys.length);
  if (keys.length < index.keys.length) return false;
  const isPrefix = (flip: number): boolean =>
    index.keys.every((key, at) => {
      const against = keys[at];
      return (
        against?.of === key.of && against.by === key.by && (against.option ^ flip) === key.option
      );
    });
  const columns = [...other.keys.map((key) => key.of), ...other.included];
  return (isPrefix(0) || isPrefix(3)) && index.included.every((each) => columns.includes(each));
}
