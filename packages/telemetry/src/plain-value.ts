import { plainJson } from './plain-json.ts';

export { plainText, valueTooLarge } from './plain-json.ts';

/**
 * A copy of `value` that is plain JSON data: {@link plainJson}, parsed. `JSON.stringify` of it cannot
 * throw, calls nothing and gives text that a `jsonb` column takes.
 *
 * @throws valueTooLarge
 * @throws RangeError beyond 1,000 levels of nesting.
 */
export function plainValue(value: unknown, maxLength: number = Infinity): unknown {
  const json = plainJson(value, maxLength);
  return json === undefined ? undefined : (JSON.parse(json) as unknown);
}
