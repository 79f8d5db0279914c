/*
 * Foreign keys below a table, to any depth, as far as deleting goes: from the table along
 * `on delete cascade`.
 */
import type { ForeignKeyFacts, GraphTable } from './foreign-keys.ts';

/** What a deleted row takes along, and what may hold it back. */
export interface CascadeGraph {
  /**
   * Keys with `on delete cascade`, each once: those that lead into a table before those that lead
   * out of it. A table may be reached by several. A key that closes a circle is not in here.
   */
  readonly cascades: readonly CascadeKey[];
  /** Keys with `on delete cascade` that lead back, each as the tables from the first back to itself. */
  readonly cycles: readonly (readonly string[])[];
  /** Keys with `set null` or `set default`, on the table or on one that is cascaded to. */
  readonly resets: readonly CascadeKey[];
  /** Keys with `restrict` or `no action`, likewise: a row that they reference stays. */
  readonly guards: readonly CascadeKey[];
}

/** A foreign key in the graph. */
export interface CascadeKey extends ForeignKeyFacts {
  /** Keys between the policy's table and this child, on the shortest way: 1 for one that references it itself. */
  readonly depth: number;
}

/** Reads the keys that reference any of these tables, or a partition of them. */
export type ReferencesTo = (oids: readonly string[]) => Promise<readonly ForeignKeyFacts[]>;

/** Follows the keys down from `root`. */
export async function buildCascadeGraph(
  root: GraphTable,
  referencesTo: ReferencesTo,
): Promise<CascadeGraph> {
  const keys: CascadeKey[] = [];
  const seen = new Set([root.oid]);
  let frontier = [root.oid];
  for (let depth = 1; frontier.length > 0; depth += 1) {
    const found = (await referencesTo(frontier)).map((key) => ({ ...key, depth }));
    keys.push(...found);
    const next = found.filter((key) => key.onDelete === 'cascade').map((key) => key.child.oid);
    frontier = [...new Set(next)].filter((oid) => !seen.has(oid));
    for (const oid of frontier) seen.add(oid);
  }
  const cascading = keys.filter((key) => key.onDelete === 'cascade');
  const { cycles, closing } = findCycles(root, cascading);
  return {
    cascades: parentsFirst(cascading.filter((key) => !closing.has(key))),
    cycles,
    resets: keys.filter((key) => key.onDelete.startsWith('set')),
    guards: keys.filter((key) => key.onDelete === 'restrict' || key.onDelete === 'no action'),
  };
}

interface Cycles {
  readonly cycles: (readonly string[])[];
  /** The keys that close them. */
  readonly closing: Set<CascadeKey>;
}

function findCycles(root: GraphTable, keys: readonly CascadeKey[]): Cycles {
  const found: Cycles = { cycles: [], closing: new Set() };
  const finished = new Set<string>();
  const visit = (table: GraphTable, way: readonly GraphTable[]): void => {
    for (const key of keys.filter(({ parent }) => parent.oid === table.oid)) {
      const start = way.findIndex(({ oid }) => oid === key.child.oid);
      if (start >= 0) {
        found.closing.add(key);
        found.cycles.push([...way.slice(start), key.child].map(({ sql }) => sql));
      } else if (!finished.has(key.child.oid)) {
        visit(key.child, [...way, key.child]);
      }
    }
    finished.add(table.oid);
  };
  visit(root, [root]);
  return found;
}

/** In an order in which every key into a table stands before the keys out of it. */
function parentsFirst(keys: readonly CascadeKey[]): readonly CascadeKey[] {
  const ordered: CascadeKey[] = [];
  let waiting = [...keys];
  while (waiting.length > 0) {
    const isReady = ({ parent }: CascadeKey): boolean =>
      !waiting.some(({ child }) => child.oid === parent.oid);
    ordered.push(...waiting.filter(isReady));
    // Without circles there is always one whose parent nothing waits for.
    waiting = waiting.filter((key) => !isReady(key));
  }
  return ordered;
}
