import * as z from 'zod';
import { InvalidOptionsError } from '../errors.ts';

/**
 * The shape of a schema for options of type `T`, for `satisfies`: an option that is missing from the
 * schema or from the interface, or has another type there, does not compile.
 */
export type Shape<T> = { readonly [Key in keyof T]-?: z.ZodType<unknown, T[Key]> };

/** A fault that no schema can express; its message says by itself what is wrong. */
export interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** How {@link parseOptions} words what it finds. */
export interface OptionsOf {
  /** Whose options, as the message begins: `createHealth`. */
  readonly of: string;
  /** Keys whose value is or may hold a secret, at any depth: the message tells its kind only. */
  readonly secretKeys?: readonly string[] | 'all' | undefined;
  /** Takes secrets out of a text that is about to be quoted. Default: nothing is taken out. */
  readonly redact?: ((text: string) => string) | undefined;
  /** Finds faults between several options. Called with whatever came, however wrong. */
  readonly further?: ((input: unknown) => readonly Fault[]) | undefined;
}

/** As `params` of a custom issue: its message says by itself what came. */
export const SAYS_ITSELF: { readonly saysItself: true } = { saysItself: true };

/**
 * Parses `input` once, in a factory.
 *
 * @throws InvalidOptionsError whose message has, for every fault, the path, what was expected and
 * what came, joined by `; `. The `ZodError`, which holds no values, is its cause.
 */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  options: OptionsOf,
): z.output<Schema> {
  const result = schema.safeParse(input);
  const faults = options.further?.(input) ?? [];
  if (result.success && faults.length === 0) return result.data;
  const issues = result.error?.issues ?? [];
  const got = describer(input, options);
  const lines = [
    ...issues.flatMap((issue) => linesFor(issue, schema, got)),
    ...faults.map(({ path, message }) => `${where(path)}: ${message}`),
  ];
  const cause = new z.ZodError([
    ...issues,
    ...faults.map(({ path, message }) => ({ code: 'custom' as const, path: [...path], message })),
  ]);
  throw new InvalidOptionsError(`${options.of}: ${lines.join('; ')}`, { cause });
}

/** Says what came at a path: short, and never what an object holds: a pool knows a password. */
type Describe = (path: readonly PropertyKey[]) => string;

function describer(
  input: unknown,
  { secretKeys = [], redact = (text) => text }: OptionsOf,
): Describe {
  return (path) => {
    const value = valueAt(input, path);
    if (typeof value === 'string') {
      const isSecret = secretKeys === 'all' || path.some((key) => secretKeys.includes(String(key)));
      // Redacted before it is cut: half a secret would not be recognised.
      return isSecret ? 'another string' : `'${redact(value.slice(0, 200)).slice(0, 60)}'`;
    }
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (value === null || value === undefined) return String(value);
    if (Array.isArray(value)) return `an array of ${value.length}`;
    return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
  };
}

function linesFor(issue: z.core.$ZodIssue, schema: z.ZodType, got: Describe): string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    const expected = known.length > 0 ? `, expected one of ${known.join(', ')}` : '';
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return `${where(path)}: there is no such option${expected}, got ${got(path)}`;
    });
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues.map(({ message }) => message).join(', ');
    return [`${where(issue.path)}: ${expected}`];
  }
  if (issue.code === 'custom' && issue.params?.['saysItself'] === true) {
    return [`${where(issue.path)}: ${issue.message}`];
  }
  const expected = issue.message
    .replace(/^Invalid (?:input|option): /, '')
    .replace(/, received .*$/, '');
  return [`${where(issue.path)}: ${expected}, got ${got(issue.path)}`];
}

function where(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'options' : path.map(String).join('.');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  return value;
}

/** The options there are where an unknown one was found. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodRecord)
    return path.length === 0 ? [] : keysAt(inner.valueType, path.slice(1));
  if (inner instanceof z.ZodArray)
    return path.length === 0 ? [] : keysAt(inner.element, path.slice(1));
  if (!(inner instanceof z.ZodObject)) return [];
  if (path.length === 0) return Object.keys(inner.shape);
  const next = inner.shape[String(path[0])];
  return next === undefined ? [] : keysAt(next, path.slice(1));
}

/** What lies inside `.optional()`, `.default()`, `.transform()` and their like. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPipe) {
    // `z.preprocess` has its transform in front.
    return unwrap(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  }
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrap(schema.unwrap());
  }
  return schema;
}
