import { createHash } from 'node:crypto';
import { InvalidOptionsError } from '@ops/timeout';

/**
 * The key of an answer: the widget and its parameters, whatever the order of their keys. Only plain
 * data has a key: what JSON would leave out or make equal would share an answer that is not its own.
 * Long parameters are there by their SHA-256, so that the memory of the cache does not depend on them.
 *
 * @throws InvalidOptionsError for functions, symbols, cycles, classes and `NaN`, and for parameters of
 * more than a million characters.
 */
export function widgetKey(widget: string, params: unknown): string {
  const writing = { widget, room: MAX_LENGTH };
  const content = text(params, writing, 0);
  if (content.length <= MAX_KEPT_LENGTH) return widgetPrefix(widget) + content;
  return `${widgetPrefix(widget)}#${createHash('sha256').update(content).digest('base64')}`;
}

/** What the keys of a widget begin with, and of no other one. */
export function widgetPrefix(widget: string): string {
  return `${JSON.stringify(widget)} `;
}

interface Writing {
  readonly widget: string;
  /** Characters that may still follow; a lower bound, for huge parameters to end early. */
  room: number;
}

const MAX_DEPTH = 20;
const MAX_LENGTH = 1_000_000;
const MAX_KEPT_LENGTH = 1_000;

function text(value: unknown, writing: Writing, depth: number): string {
  if (typeof value === 'string') return quoted(value, writing);
  spend(1, writing);
  if (value === undefined || value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isNaN(value)) return String(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) return `@${value.getTime()}`;
  if (typeof value !== 'object' || depth >= MAX_DEPTH) throw refusal(writing.widget, value);
  if (Array.isArray(value)) {
    spend(value.length, writing); // before the walk: a sparse one may claim four billion items
    return `[${Array.from(value, (each) => text(each, writing, depth + 1)).join()}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refusal(writing.widget, value);
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, each]) => `${quoted(name, writing)}:${text(each, writing, depth + 1)}`);
  return `{${entries.join()}}`;
}

function quoted(value: string, writing: Writing): string {
  spend(value.length, writing);
  return JSON.stringify(value);
}

function spend(length: number, writing: Writing): void {
  writing.room -= length;
  if (writing.room >= 0) return;
  throw new InvalidOptionsError(
    `Widget ${writing.widget}: its parameters are longer than ${MAX_LENGTH} characters; ask for less at once`,
  );
}

function refusal(widget: string, value: unknown): InvalidOptionsError {
  const got = typeof value === 'object' ? 'an object that is no plain data' : typeof value;
  return new InvalidOptionsError(
    `Widget ${widget}: expected parameters of plain data (text, numbers, booleans, dates, lists and objects of them), got ${got}`,
  );
}
