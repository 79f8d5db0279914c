import type { Labels } from '../alert.ts';
import { redactSecrets } from '../redact.ts';

const MAX_COUNT = 8;
const MAX_LENGTH = 100;
const MAX_NAME_LENGTH = 60;
/** Sets of labels remembered. An app has some; one that makes them up starts anew when it is full. */
const MAX_KNOWN_COUNT = 1_000;
const NO_LABELS: Labels = Object.freeze({});

/** Reads labels as they are given, and hands out the same object for the same labels. */
export interface LabelReader {
  /** At most 8 texts of at most 100 characters; never throws. Not yet fit to be shown. */
  read(labels: unknown): Labels;
  /** The same without secrets and invisible characters. */
  clean(labels: Labels): Labels;
}

export function createLabelReader(): LabelReader {
  const known = new Map<string, Labels>();
  const cleaned = new WeakMap<Labels, Labels>();
  return {
    read(labels) {
      if (typeof labels !== 'object' || labels === null) return NO_LABELS;
      try {
        const pairs = pairsOf(labels);
        if (pairs.length === 0) return NO_LABELS;
        const key = pairs.join('\0');
        const found = known.get(key);
        if (found !== undefined) return found;
        if (known.size >= MAX_KNOWN_COUNT) known.clear();
        const made = labelsOf(pairs);
        known.set(copied(key), made);
        return made;
      } catch {
        return NO_LABELS;
      }
    },
    clean(labels) {
      const clean = cleaned.get(labels) ?? cleanLabels(labels);
      cleaned.set(labels, clean);
      return clean;
    },
  };
}

/** Names and values in turn. No value holds the character that they are joined with. */
function pairsOf(labels: object): readonly string[] {
  const pairs: string[] = [];
  for (const name in labels) {
    const value: unknown = (labels as Record<string, unknown>)[name];
    if (typeof value !== 'string' || value === '') continue;
    pairs.push(bounded(name, MAX_NAME_LENGTH), bounded(value, MAX_LENGTH));
    if (pairs.length >= 2 * MAX_COUNT) break;
  }
  return pairs;
}

function bounded(text: string, maxLength: number): string {
  const short = text.length > maxLength ? text.slice(0, maxLength) : text;
  return short.includes('\0') ? short.replaceAll('\0', ' ') : short;
}

function labelsOf(pairs: readonly string[]): Labels {
  const entries: [string, string][] = [];
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    entries.push([copied(pairs[at] ?? ''), copied(pairs[at + 1] ?? '')]);
  }
  // Own properties whatever their names: `__proto__` is a label like any other.
  return Object.freeze(Object.fromEntries(entries));
}

/** V8 lets a part of a text keep the whole alive, which may be megabytes. */
function copied(text: string): string {
  return Buffer.from(text).toString();
}

const INVISIBLE = /[\p{Cc}\p{Cf}\s]+/gu;

function cleanLabels(labels: Labels): Labels {
  const entries = Object.entries(labels).map(([name, value]) => [
    name.replace(INVISIBLE, ' ').trim(),
    redactSecrets(value).replace(INVISIBLE, ' ').trim().slice(0, MAX_LENGTH),
  ]);
  return Object.freeze(Object.fromEntries(entries));
}
