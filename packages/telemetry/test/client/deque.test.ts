import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createDeque } from '../../src/client/deque.ts';

it('does what an array does', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.nat(900) }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.nat(1500) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('unshift' as const), count: fc.nat(5) }),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const deque = createDeque<number>();
      const model: number[] = [];
      const taken: (number | undefined)[] = [];
      let next = 0;
      for (const { kind, count } of steps) {
        for (let i = 0; i < count; i += 1) {
          next += 1;
          for (const line of [deque, model]) {
            if (kind === 'shift') taken.push(line.shift());
            else line[kind](next);
          }
          expect(taken.at(-1)).toBe(taken.at(-2));
        }
        expect(deque.size).toBe(model.length);
        expect(deque.peek()).toBe(model[0]);
      }
    }),
    { numRuns: 50 },
  );
});
