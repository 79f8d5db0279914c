import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Crashing, reportCrashes } from '../report-crashes.ts';

/** A process that keeps the code it would have ended with, and alerts whose closing is settled by hand. */
function setUp(): {
  readonly process: EventEmitter & Crashing & { readonly codes: number[] };
  readonly reported: unknown[];
  readonly closing: PromiseWithResolvers<never>;
} {
  const codes: number[] = [];
  const reported: unknown[] = [];
  const process = Object.assign(new EventEmitter(), {
    codes,
    exit: (code: number) => void codes.push(code),
  });
  const closing = Promise.withResolvers<never>();
  const error = (thrown: unknown, labels?: object): void => void reported.push([thrown, labels]);
  reportCrashes({ error, close: () => closing.promise }, process);
  return { process, reported, closing };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('reportCrashes', () => {
  it('ends with 1 once the alerts are closed, whether or not that worked', async () => {
    const { process, reported, closing } = setUp();
    const error = new Error('gotcha');
    process.emit('uncaughtException', error, 'unhandledRejection');
    expect(reported).toEqual([[error, { origin: 'unhandledRejection' }]]);
    expect(console.error).toHaveBeenCalledWith(error);
    expect(process.codes).toEqual([]);
    closing.reject(new Error('closing failed'));
    await vi.advanceTimersByTimeAsync(0);
    expect(process.codes).toEqual([1]);
  });

  it('ends when closing hangs', async () => {
    const { process } = setUp();
    process.emit('uncaughtException', new Error('gotcha'), 'uncaughtException');
    await vi.advanceTimersByTimeAsync(6_999);
    expect(process.codes).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(process.codes).toEqual([1]);
  });

  it('ends at once with a second error', () => {
    const { process, reported } = setUp();
    process.emit('uncaughtException', new Error('first'), 'uncaughtException');
    process.emit('uncaughtException', new Error('second'), 'uncaughtException');
    expect(process.codes).toEqual([1]);
    expect(reported).toHaveLength(1);
  });
});
