/** The values of one statement, in the order of their `$n`. */
export interface Parameters {
  readonly values: unknown[];
  /** SQL that stands for the value; with a type, cast to it. */
  add(value: unknown, type?: string): string;
}

export function createParameters(): Parameters {
  const values: unknown[] = [];
  return {
    values,
    add(value, type) {
      values.push(value);
      return type === undefined ? `$${values.length}` : `$${values.length}::${type}`;
    },
  };
}
