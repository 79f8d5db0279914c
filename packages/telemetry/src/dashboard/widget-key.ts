import { InvalidOptionsError } from '@ops/timeout';

/**
 * The key of an answer: the widget and its parameters, whatever the order of their keys. Only plain
 * data has a key: what JSON would leave out or make equal would share an answer that is not its own.
 *
 * @throws InvalidOptionsError for functions, symbols, cycles, classes and `NaN`.
 */
export function widgetKey(widget: string, params: unknown): string {
  return `${widget} ${text(params, widget, 0)}`;
}

const MAX_DEPTH = 20;

function text(value: unknown, widget: string, depth: number): string {
  if (value === undefined || value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isNaN(value)) return String(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) return `@${value.getTime()}`;
  if (typeof value !== 'object' || depth >= MAX_DEPTH) throw refusal(widget, value);
  if (Array.isArray(value)) {
    return `[${value.map((each) => text(each, widget, depth + 1)).join()}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refusal(widget, value);
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, each]) => `${JSON.stringify(name)}:${text(each, widget, depth + 1)}`);
  return `{${entries.join()}}`;
}

function refusal(widget: string, value: unknown): InvalidOptionsError {
  const got = typeof value === 'object' ? 'an object that is no plain data' : typeof value;
  return new InvalidOptionsError(
    `Widget ${widget}: expected parameters of plain data (text, numbers, booleans, dates, lists and objects of them), got ${got}`,
  );
}
