import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { deriveSignal } from '../src/index.ts';

const listenerCount = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

it('follows the first of its parents, with the identical reason, and lets go of all', () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const derived = deriveSignal(one.signal, undefined, null, two.signal);
  expect([one, two].map(({ signal }) => listenerCount(signal))).toEqual([1, 1]);
  const reason = { any: 'value' };
  two.abort(reason);
  one.abort('later');
  expect(derived.signal.reason).toBe(reason);
  expect([one, two].map(({ signal }) => listenerCount(signal))).toEqual([0, 0]);
});

it('is aborted at once by a parent that is, and leaves nothing on those before it', () => {
  const { signal } = new AbortController();
  const derived = deriveSignal(signal, AbortSignal.abort(null));
  expect([derived.signal.aborted, derived.signal.reason]).toEqual([true, null]);
  expect(listenerCount(signal)).toBe(0);
});

it('can be aborted alone, and let go of', () => {
  const parent = new AbortController();
  const derived = deriveSignal(parent.signal);
  derived.abort('mine');
  expect([derived.signal.reason, parent.signal.aborted]).toEqual(['mine', false]);
  const other = deriveSignal(parent.signal);
  other[Symbol.dispose]();
  other.dispose();
  expect(listenerCount(parent.signal)).toBe(0);
  parent.abort();
  expect(other.signal.aborted).toBe(false);
});
