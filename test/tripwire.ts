/**
 * Fails a test that leaves something behind: a timer (unref'd ones too), a socket or server, a
 * listener on the process. Loaded before every test file, so its `afterEach` runs last.
 */
import { afterEach, beforeEach, expect, vi } from 'vitest';

const timers = new Map<unknown, Error>();
const real = { setTimeout, clearTimeout, setInterval, clearInterval };

/** Remembers where a timer was made; Node's own fetch keeps one ticking, which is not ours to end. */
function remember(timer: unknown, made: Error): void {
  const caller = made.stack?.split('\n')[2] ?? '';
  if (!caller.includes('node:internal')) timers.set(timer, made);
}

// Code under test reads the globals when it calls them; vitest keeps its own copies from before.
globalThis.setTimeout = Object.assign(
  (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
    const timer = real.setTimeout(() => {
      timers.delete(timer);
      callback(...args);
    }, ms);
    remember(timer, new Error('setTimeout was called here'));
    return timer;
  },
  real.setTimeout,
);
globalThis.clearTimeout = (timer) => {
  timers.delete(timer);
  real.clearTimeout(timer);
};
globalThis.setInterval = Object.assign(
  (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
    const timer = real.setInterval(() => {
      callback(...args);
    }, ms);
    remember(timer, new Error('setInterval was called here'));
    return timer;
  },
  real.setInterval,
);
globalThis.clearInterval = (timer) => {
  timers.delete(timer);
  real.clearInterval(timer);
};

const PROCESS_EVENTS = [
  'SIGINT',
  'SIGTERM',
  'beforeExit',
  'exit',
  'uncaughtException',
  'unhandledRejection',
] as const;
const HANDLES = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'ProcessWrap'];

function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => HANDLES.includes(name)).length;
}
function processListeners(): Record<string, number> {
  return Object.fromEntries(PROCESS_EVENTS.map((name) => [name, process.listenerCount(name)]));
}

let before: { handles: number; listeners: Record<string, number> };

beforeEach(() => {
  timers.clear();
  before = { handles: openHandles(), listeners: processListeners() };
});

afterEach(async () => {
  const faked = vi.isFakeTimers() ? vi.getTimerCount() : 0;
  if (vi.isFakeTimers()) vi.useRealTimers();
  // Sockets that were closed take a few turns of the event loop to go.
  for (let turn = 0; turn < 500 && (openHandles() > before.handles || timers.size > 0); turn += 1) {
    await new Promise((resolve) => real.setTimeout(resolve, 2));
  }
  const left = [...timers.values()].map((error) => error.stack);
  timers.clear();
  expect(left, 'timers left running').toEqual([]);
  expect(faked, 'timers left on the fake clock').toBe(0);
  expect(processListeners(), 'listeners left on the process').toEqual(before.listeners);
  expect(openHandles(), 'sockets, servers or child processes left open').toBeLessThanOrEqual(
    before.handles,
  );
});
