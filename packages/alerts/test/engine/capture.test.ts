import { describe, expect, it } from 'vitest';
import { type Capture, createIntake } from '../../src/engine/capture.ts';
import { createLabelReader } from '../../src/engine/labels.ts';

const labels = createLabelReader();
const error = (message: string, atMs: number, route?: string): Capture => ({
  type: 'error',
  atMs,
  count: 1,
  labels: labels.read({ route }),
  message,
  isSuccess: false,
  isKnownFailure: false,
  rule: '',
});
const countOf = (captures: readonly Capture[]): number =>
  captures.reduce((sum, { count }) => sum + count, 0);

describe('the intake', () => {
  it('keeps what differs apart, and joins what is equal in one millisecond', () => {
    const intake = createIntake();
    for (const atMs of [1, 1.4, 1.9, 2]) intake.push(error('x', atMs));
    intake.push(error('y', 2));
    intake.push(error('y', 2, '/pay'));
    expect(intake.take().map(({ message, count }) => [message, count])).toEqual([
      ['x', 3],
      ['x', 1],
      ['y', 1],
      ['y', 1],
    ]);
    expect(intake.size).toBe(0);
    expect(intake.coarsenedCount).toBe(0);
  });

  it('holds at most 2,000 and one for each kind, and counts them all', () => {
    const intake = createIntake();
    for (let index = 0; index < 50_000; index += 1) {
      intake.push(error(`message ${index}`, index, `/${index % 500}`));
    }
    expect(intake.size).toBeLessThanOrEqual(2_001);
    expect(intake.coarsenedCount).toBe(49_000);
    const taken = intake.take();
    expect(countOf(taken)).toBe(50_000);
    expect(taken.at(-1)?.atMs).toBe(49_999);
    intake.push(error('again', 1));
    expect(intake.take()).toMatchObject([{ message: 'again', count: 1 }]);
  });
});

describe('labels', () => {
  it('are the same object for the same labels, in any amount', () => {
    expect(labels.read({ route: '/a' })).toBe(labels.read({ route: '/a' }));
    expect(labels.read({ route: '/a' })).not.toBe(labels.read({ rout: 'e/a' }));
    for (let index = 0; index < 5_000; index += 1) labels.read({ route: `/${index}` });
    expect(labels.read({ route: '/4999' })).toBe(labels.read({ route: '/4999' }));
  });

  it('are at most 8 texts of at most 100 characters, whatever is given', () => {
    const many = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`label${index}`, 'x'.repeat(1_000)]),
    );
    const read = labels.read(many);
    expect(Object.keys(read)).toHaveLength(8);
    expect(read['label0']).toHaveLength(100);
    for (const wrong of [null, 5, 'text', [], { a: 1, b: '', c: null }]) {
      expect(labels.read(wrong)).toEqual({});
    }
    const odd = JSON.parse('{ "__proto__": "x", "constructor": "y" }') as object;
    expect(Object.entries(labels.read(odd))).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('are cleaned of secrets and invisible characters', () => {
    const read = labels.read({ route: 'https://x.example/hook/s3cr3t', 'a\nb': 'c\u202ed\0e' });
    expect(labels.clean(read)).toEqual({ route: 'https://x.example/…', 'a b': 'c d e' });
    expect(labels.clean(read)).toBe(labels.clean(read));
  });
});
