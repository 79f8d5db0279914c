import type { PolicyKind } from './policy.ts';

/** Policies of the caller's own may stand anywhere. */
type OwnKind = Exclude<PolicyKind, 'custom'>;

/** From the outside inwards, with the names of the factories. */
const ORDER: Readonly<Record<OwnKind, string>> = {
  fallback: 'fallback',
  bulkhead: 'bulkhead',
  deadline: 'deadline',
  retry: 'retry',
  'circuit-breaker': 'circuitBreaker',
  hedge: 'hedge',
  timeout: 'timeout',
};

/** Outer kind, inner kind, and what the two would do that way round. */
const WRONG: readonly (readonly [outer: OwnKind, inner: OwnKind, effect: string])[] = [
  ['timeout', 'retry', 'one timeout would cut off all attempts and the waits between them'],
  ['timeout', 'fallback', 'the fallback would not see the timeout'],
  [
    'circuit-breaker',
    'retry',
    'a whole series would count as one failure and go on against an open circuit',
  ],
  ['circuit-breaker', 'fallback', 'the breaker would never see a failure'],
  ['retry', 'deadline', 'each attempt would get the whole time anew and nothing bounds the sum'],
  ['retry', 'fallback', 'the fallback would replace the first failure and nothing is repeated'],
  ['hedge', 'retry', 'each copy would repeat on its own'],
  ['hedge', 'fallback', 'the fallback of one copy would beat the answer of the other'],
];

/** What is wrong with an order, and the order to write; `undefined` when it is right. */
export function faultInOrder(kinds: readonly PolicyKind[]): string | undefined {
  const faults = WRONG.filter(([outer, inner]) => {
    const at = kinds.indexOf(outer);
    return at !== -1 && at < kinds.lastIndexOf(inner);
  }).map(([outer, inner, effect]) => `${ORDER[inner]} inside ${ORDER[outer]}: ${effect}`);
  const names = Object.keys(ORDER) as OwnKind[];
  for (const kind of names) {
    if (kinds.indexOf(kind) !== kinds.lastIndexOf(kind)) {
      faults.push(`${ORDER[kind]} twice: its limits would multiply`);
    }
  }
  if (faults.length === 0) return undefined;
  const right = names.filter((kind) => kinds.includes(kind)).map((kind) => `${ORDER[kind]}(…)`);
  return `${faults.join('; ')}. Write pipeline(${right.join(', ')})`;
}
