import type { StoredEntry } from './manifest.ts';
import type { RestoredRows } from './restore-rows.ts';

/** What a restore did. */
export interface RestoreReport {
  readonly runId: string;
  /** Everything that was archived is in its table now. */
  readonly ok: boolean;
  readonly restored: number;
  /** Rows whose key was there already, restored before or written since. They stay as they are. */
  readonly alreadyThere: number;
  /** Rows that are not in the archive table any more, though nobody restored them. */
  readonly missing: number;
  readonly policies: Readonly<Record<string, PolicyRestore>>;
  /** Why it stopped: the batch in progress was rolled back, those before it stay restored. */
  readonly error: unknown;
}

/** What was restored of one policy. */
export interface PolicyRestore {
  readonly restored: number;
  readonly alreadyThere: number;
  readonly missing: number;
  readonly tables: readonly TableRestore[];
}

/** What was restored to one table. */
export interface TableRestore {
  /** Where the rows came from, and where they went; quoted, with the schema. */
  readonly table: string;
  readonly into: string;
  readonly restored: number;
  readonly alreadyThere: number;
  readonly missing: number;
}

type Mutable = { -readonly [K in keyof TableRestore]: TableRestore[K] };

/** Adds up batches. */
export interface RestoreTally {
  add(entry: StoredEntry, into: string, rows: RestoredRows, before: number | null): void;
  report(error: unknown): RestoreReport;
}

export function createRestoreTally(runId: string): RestoreTally {
  const policies = new Map<string, Map<string, Mutable>>();
  return {
    add({ policy, table, kind, rowCount }, into, { restored, found }, before) {
      const tables = policies.get(policy) ?? new Map<string, Mutable>();
      policies.set(policy, tables);
      const sum = tables.get(table) ?? { table, into, restored: 0, alreadyThere: 0, missing: 0 };
      tables.set(table, sum);
      const missing = kind === 'table' ? Math.max(0, rowCount - found - (before ?? 0)) : 0;
      sum.restored += restored;
      sum.missing += missing;
      sum.alreadyThere += rowCount - restored - missing;
    },
    report(error) {
      const byPolicy = [...policies].map(([policy, tables]) => {
        const list = [...tables.values()];
        return [policy, { ...sums(list), tables: list }] as const;
      });
      const total = sums(byPolicy.map(([, each]) => each));
      return {
        runId,
        ok: error === undefined && total.missing === 0,
        ...total,
        policies: Object.fromEntries(byPolicy),
        error,
      };
    },
  };
}

function sums(
  parts: readonly Pick<TableRestore, 'restored' | 'alreadyThere' | 'missing'>[],
): Pick<TableRestore, 'restored' | 'alreadyThere' | 'missing'> {
  const sum = (of: (part: (typeof parts)[number]) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    restored: sum(({ restored }) => restored),
    alreadyThere: sum(({ alreadyThere }) => alreadyThere),
    missing: sum(({ missing }) => missing),
  };
}
