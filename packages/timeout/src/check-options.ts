import type { Clock } from './clock.ts';
import { describe } from './describe.ts';
import { type Duration, toMilliseconds } from './duration.ts';
import { InvalidOptionsError } from './errors.ts';

/** Reads options one by one and collects what is wrong with them. */
export interface OptionReader {
  /** In milliseconds, at least `minMs`. */
  duration(name: string, minMs?: number): number | undefined;
  number(name: string, min: number, max?: number): number | undefined;
  /** A whole number, at least `min`. */
  count(name: string, min: number, max?: number): number | undefined;
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- which function, only the caller can say
  function<T>(name: string): T | undefined;
  clock(name: string): Clock | undefined;
  /** An object with these methods. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- which object, only the caller can say
  object<T>(name: string, methods: readonly string[]): T | undefined;
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined;
  /** Anything else; `expected` is said of a value that is not right. The value is shown only in kind. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- which value, only the caller can say
  value<T>(name: string, expected: string, isRight: (value: unknown) => boolean): T | undefined;
  /** The options in an object of their own. Its faults are told by the outer `done`. */
  group(name: string): OptionReader;
  /** Says so when `isWrong`. */
  fault(isWrong: boolean, message: string): void;
  /** @throws InvalidOptionsError that names every fault, keys that nobody read included. */
  done(): void;
}

/**
 * Reads options by hand. Not by zod, whose 70 kB are more than ten times the core of this package, and
 * whose loading takes longer (50 ms) than connecting to a database and asking it something (40 ms).
 */
export function readOptions(owner: string, options: unknown): OptionReader {
  const reader = readGroup(options, '', []);
  const { done, faults } = reader;
  return {
    ...reader,
    done() {
      done();
      if (faults.length > 0) throw new InvalidOptionsError(`${owner}: ${faults.join('; ')}`);
    },
  };
}

interface GroupReader extends OptionReader {
  readonly faults: string[];
}

/** @param path of this group, with a dot at its end. */
function readGroup(options: unknown, path: string, faults: string[]): GroupReader {
  const known: string[] = [];
  const groups: GroupReader[] = [];
  const isObject = typeof options === 'object' && options !== null;
  if (!isObject)
    faults.push(
      `${path ? `${path.slice(0, -1)}: ` : ''}expected an options object, got ${describe(options)}`,
    );
  const values = (isObject ? options : {}) as Record<string, unknown>;

  function read<T>(name: string, expected: string, isRight: (value: T) => boolean): T | undefined {
    known.push(name);
    const value = values[name] as T | undefined;
    if (value === undefined || isRight(value)) return value;
    faults.push(`${path}${name}: expected ${expected}, got ${describe(value)}`);
    return undefined;
  }
  const number = (name: string, what: string, min: number, max: number): number | undefined =>
    read(
      name,
      `${what} ${max === Infinity ? `of ${min} or more` : `from ${min} to ${max}`}`,
      (value) =>
        Number.isFinite(value) &&
        value >= min &&
        value <= max &&
        (what === 'a number' || Number.isInteger(value)),
    );
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as in the interface
  const object = <T>(name: string, methods: readonly string[]): T | undefined =>
    read<T>(name, `an object with ${methods.join(', ')}`, (value) =>
      methods.every(
        (method) => typeof (value as Record<string, unknown> | null)?.[method] === 'function',
      ),
    );

  return {
    object,
    number: (name, min, max = Infinity) => number(name, 'a number', min, max),
    count: (name, min, max = Infinity) => number(name, 'a whole number', min, max),
    function: (name) => read(name, 'a function', (value) => typeof value === 'function'),
    clock: (name) => object(name, ['now', 'monotonic', 'setTimeout', 'clearTimeout']),
    choice: (name, choices) => read(name, choices.join(' or '), (value) => choices.includes(value)),
    duration(name, minMs = 0) {
      known.push(name);
      const value = values[name];
      if (value === undefined) return undefined;
      try {
        const ms = toMilliseconds(value as Duration, `${path}${name}`);
        if (ms >= minMs) return ms;
        faults.push(`${path}${name}: expected at least ${minMs} ms, got ${describe(value)}`);
      } catch (error) {
        faults.push((error as Error).message);
      }
      return undefined;
    },
    fault(isWrong, message) {
      if (isWrong) faults.push(message);
    },
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as in the interface
    value<T>(name: string, expected: string, isRight: (value: unknown) => boolean): T | undefined {
      known.push(name);
      const value = values[name];
      if (value === undefined || isRight(value)) return value as T | undefined;
      const kind = typeof value === 'string' ? 'another string' : describe(value);
      faults.push(`${path}${name}: expected ${expected}, got ${kind}`);
      return undefined;
    },
    group(name) {
      known.push(name);
      const group = readGroup(values[name] ?? {}, `${path}${name}.`, faults);
      groups.push(group);
      return group;
    },
    faults,
    done() {
      for (const key of Object.keys(values)) {
        if (!known.includes(key))
          faults.push(`${path}${key}: no such option (there are ${known.join(', ')})`);
      }
      for (const group of groups) group.done();
    },
  };
}
