import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { listenForSignals, type SignalTarget } from '../../src/cli/interrupt.ts';

function fakeProcess(): EventEmitter & { exits: number[] } & SignalTarget {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  return Object.assign(emitter, { exits, exit: (code: number): void => void exits.push(code) });
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('the first %s aborts, the second ends at once with %i', (name, exitCode) => {
  const target = fakeProcess();
  const told: number[] = [];
  const { signal } = listenForSignals(target, (interruption) => told.push(interruption.exitCode));
  target.emit(name, name);
  expect(signal.reason).toMatchObject({ name: 'Interruption', exitCode });
  expect([told, target.exits]).toEqual([[exitCode], []]);
  target.emit(name, name);
  expect([told, target.exits]).toEqual([[exitCode], [exitCode]]);
});

test('afterwards nothing is listened to', () => {
  const target = fakeProcess();
  listenForSignals(target, () => {}).stop();
  expect(target.eventNames()).toEqual([]);
});
