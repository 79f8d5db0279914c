import { createHash } from 'node:crypto';
import type { Rule } from '../rule.ts';
import { createSeries, type Series } from '../series.ts';
import { createPendingRuns, type EventKind, type PendingRuns } from './pending-runs.ts';

/** One series, as far as this replica has to do with it. */
export interface SeriesEntry {
  /** Key of its document: `s:<rule>/<key>`. */
  readonly docKey: string;
  readonly name: string;
  readonly rule: Rule;
  readonly key: string;
  /** For when this replica is the one that makes the series: see `bornOf`. */
  readonly born: string;
  readonly pending: PendingRuns;
  /** Its document with what is pending, up to `foldedCount` runs; undefined: to be worked out anew. */
  guess: Series | undefined;
  foldedCount: number;
  /** It is to be made although nothing happened in it yet. */
  isWanted: boolean;
  touchedMs: number;
  /** When it was last told that the rule throws. */
  toldFaultMs: number;
}

/** The series that this replica knows, by key of document. */
export interface SeriesBook {
  /** Gives the event to every rule that wants it, and returns the series that it belongs to. */
  offer(kind: EventKind, atMs: number, count: number): readonly SeriesEntry[];
  /** Those with events that no document holds, and those to be made. */
  waiting(): readonly SeriesEntry[];
  /** Undefined where this process has no such rule. */
  entryOf(rule: string, key: string): SeriesEntry | undefined;
  get(docKey: string): SeriesEntry | undefined;
  /** Takes over what waits in the same series of another book. */
  take(entry: SeriesEntry): void;
  /** The document was removed. */
  drop(docKey: string): void;
  /** Keeps what waits within bounds; returns how many events lost their exact time. */
  shrink(): number;
}

/** Runs that may wait in all series together, and in each at least. */
const MAX_RUN_COUNT = 20_000;
const MIN_SERIES_RUN_COUNT = 16;
const MAX_SERIES_RUN_COUNT = 1_000;
const OTHER = 'other';

export interface SeriesBookOptions {
  readonly rules: Readonly<Record<string, Rule>>;
  readonly random: () => number;
  readonly onFault: (error: unknown) => void;
  /** `born` of a series that another book of this process has: its alerts then have the same ids. */
  readonly bornElsewhere?: ((docKey: string) => string | undefined) | undefined;
}

export function createSeriesBook(options: SeriesBookOptions): SeriesBook {
  const { rules, random, onFault, bornElsewhere } = options;
  const entries = new Map<string, SeriesEntry>();
  const waiting = new Set<SeriesEntry>();
  const counts = new Map<string, number>();

  function make(name: string, rule: Rule, key: string): SeriesEntry {
    const docKey = seriesKey(name, key);
    const made: SeriesEntry = {
      docKey,
      name,
      rule,
      key,
      born: bornElsewhere?.(docKey) ?? bornOf(key, random),
      pending: createPendingRuns(),
      guess: undefined,
      foldedCount: 0,
      isWanted: false,
      touchedMs: 0,
      toldFaultMs: Number.NEGATIVE_INFINITY,
    };
    entries.set(docKey, made);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return made;
  }

  /** Keys that are made up without end share one series. */
  function find(name: string, rule: Rule, key: string): SeriesEntry {
    const known = entries.get(seriesKey(name, key));
    if (known !== undefined) return known;
    const isFull = rule.maxSeriesCount > 1 && (counts.get(name) ?? 0) >= rule.maxSeriesCount;
    if (isFull && key !== OTHER) return find(name, rule, OTHER);
    return make(name, rule, key);
  }

  for (const [name, rule] of Object.entries(rules)) {
    if (!rule.startsAlone) continue;
    const entry = make(name, rule, '');
    entry.isWanted = true;
    waiting.add(entry);
  }

  return {
    offer(kind, atMs, count) {
      const touched: SeriesEntry[] = [];
      for (const [name, rule] of Object.entries(rules)) {
        try {
          const key = rule.keyOf(kind, name);
          if (key === undefined) continue;
          const entry = find(name, rule, key.slice(0, 200));
          entry.pending.add(kind, atMs, count);
          entry.touchedMs = atMs;
          waiting.add(entry);
          touched.push(entry);
        } catch (error) {
          onFault(error);
        }
      }
      return touched;
    },
    waiting() {
      for (const entry of waiting) {
        if (entry.pending.runs.length === 0 && !entry.isWanted) waiting.delete(entry);
      }
      return [...waiting];
    },
    entryOf(name, key) {
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
      if (rule === undefined) return undefined;
      return entries.get(seriesKey(name, key)) ?? make(name, rule, key);
    },
    get: (docKey) => entries.get(docKey),
    take({ name, rule, key, pending }) {
      const entry = entries.get(seriesKey(name, key)) ?? make(name, rule, key);
      for (const { kind, atMs, count } of pending.runs) entry.pending.add(kind, atMs, count);
      waiting.add(entry);
    },
    drop(docKey) {
      const entry = entries.get(docKey);
      if (entry === undefined) return;
      entry.guess = undefined;
      if (entry.pending.runs.length > 0 || entry.isWanted) return;
      entries.delete(docKey);
      counts.set(entry.name, (counts.get(entry.name) ?? 1) - 1);
    },
    shrink() {
      const maxCount = Math.max(
        MIN_SERIES_RUN_COUNT,
        Math.min(MAX_SERIES_RUN_COUNT, Math.floor(MAX_RUN_COUNT / Math.max(1, waiting.size))),
      );
      let coarsenedCount = 0;
      for (const entry of waiting) {
        if (entry.pending.runs.length <= maxCount) continue;
        coarsenedCount += entry.pending.shrink(maxCount / 2);
        entry.guess = undefined;
      }
      return coarsenedCount;
    },
  };
}

/** The key of a series' document. */
export function seriesKey(rule: string, key: string): string {
  return `s:${rule}/${key}`;
}

/** A series that nothing has happened in. */
export function newSeries(entry: SeriesEntry, atMs: number): Series {
  return createSeries(entry.rule, entry.name, entry.key, entry.born, atMs);
}

/**
 * 4 random characters, and of a series among others 6 more by its key: with the 4 alone two of 1,000
 * series have the same in one store of four, and their alerts the same id.
 */
function bornOf(key: string, random: () => number): string {
  let value = Math.random();
  try {
    value = random();
  } catch {
    // Any other will do: it only makes ids of alerts differ between stores.
  }
  const made = Math.floor((value >= 0 && value < 1 ? value : 0.5) * 36 ** 4);
  const byKey = key === '' ? '' : createHash('sha256').update(key).digest('hex').slice(0, 6);
  return `${made.toString(36).padStart(4, '0')}${byKey}`;
}
