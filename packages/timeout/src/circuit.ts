import type { Clock } from './clock.ts';
import type { CircuitState } from './events.ts';
import { createWindow } from './rolling-window.ts';

/** How a circuit judges; all times in milliseconds. See `CircuitBreakerOptions`. */
export interface CircuitSettings {
  readonly bucketCount: number;
  readonly bucketMs: number;
  readonly failureRatio: number;
  readonly slowRatio: number;
  readonly slowCallMs: number;
  readonly minimum: number;
  readonly consecutive: number;
  readonly openForMs: number;
  readonly maxOpenForMs: number;
  readonly probes: number;
}

/** A circuit in a form that JSON can hold; times are relative to the moment of the snapshot. */
export interface CircuitSnapshot {
  readonly isOpen: boolean;
  /** Until the first probe; 0 when half-open. */
  readonly openMs: number;
  /** How often it has opened since it was last closed. */
  readonly openCount: number;
  readonly consecutive: number;
  /** Calls, failures and slow calls of each bucket, newest first. */
  readonly buckets: readonly (readonly number[])[];
}

/** What a call does to a circuit. */
export type Evidence = 'success' | 'failure' | 'none';

/** Permission to call; give it back once, with what came of the call. */
interface Permit {
  readonly generation: number;
  /** Of which probes it is; see `wave` below. */
  readonly wave: number;
  readonly startedMs: number;
}

/**
 * One circuit. `closed` → `open` when too much fails; `open` → `half-open` by the first call after
 * the open time; `half-open` → `closed` after enough good probes, → `open`, for longer, after a bad
 * one. No timers: time is looked at when a call comes. Each transition begins a generation, and the
 * outcome of a call from an earlier one is dropped: a failure from before the trip is no news.
 */
export interface Circuit {
  readonly state: CircuitState;
  lastUsedMs: number;
  /** A permit, or how long to wait before asking again. */
  enter(onChange: OnChange): Permit | number;
  leave(permit: Permit, evidence: Evidence, onChange: OnChange): void;
  export(): CircuitSnapshot;
  import(snapshot: CircuitSnapshot, ageMs: number): void;
}

/** Told of every transition. */
export type OnChange = (from: CircuitState, to: CircuitState) => void;

const CALLS = 0;
const FAILURES = 1;
const SLOW = 2;
/** How much longer each time that a probe fails. */
const GROWTH = 2;

export function createCircuit(settings: CircuitSettings, clock: Clock): Circuit {
  const { probes, openForMs, maxOpenForMs, slowCallMs } = settings;
  const window = createWindow(settings.bucketCount, settings.bucketMs);
  let state: CircuitState = 'closed';
  let generation = 0;
  /** What calls get while it is closed and nobody asks how long they take: one for all. */
  let passage: Permit = { generation, wave: 0, startedMs: 0 };
  let consecutive = 0;
  let openCount = 0;
  let openUntilMs = 0;
  let probesRunning = 0;
  let probesPassed = 0;
  /** After it, probes that have not come back no longer hold their places, and others may go. */
  let probesLostAtMs = 0;
  /**
   * Counts those times. Not a new generation: what a slow probe says is still news, and were it
   * dropped, calls that take longer than the open time could neither close the circuit nor open it.
   */
  let wave = 0;

  function change(to: CircuitState, onChange: OnChange): void {
    const from = state;
    state = to;
    generation += 1;
    passage = { generation, wave: 0, startedMs: 0 };
    probesRunning = 0;
    probesPassed = 0;
    if (from !== to) onChange(from, to);
  }
  const openTimeMs = (): number =>
    Math.min(maxOpenForMs, openForMs * GROWTH ** Math.max(0, openCount - 1));

  function open(nowMs: number, onChange: OnChange): void {
    openCount += 1;
    openUntilMs = nowMs + openTimeMs();
    window.clear();
    consecutive = 0;
    change('open', onChange);
  }

  function shouldTrip(): boolean {
    if (consecutive >= settings.consecutive) return true;
    const calls = window.total(CALLS);
    return (
      calls >= settings.minimum &&
      (window.total(FAILURES) / calls >= settings.failureRatio ||
        window.total(SLOW) / calls >= settings.slowRatio)
    );
  }

  function judgeProbe(isGood: boolean, nowMs: number, onChange: OnChange): void {
    if (!isGood) {
      open(nowMs, onChange);
      return;
    }
    probesPassed += 1;
    if (probesPassed < probes) return;
    openCount = 0;
    change('closed', onChange);
  }

  return {
    lastUsedMs: 0,
    get state() {
      return state;
    },
    enter(onChange) {
      // The usual case looks at no clock; that would be a third of its cost.
      if (state === 'closed' && slowCallMs === Infinity) return passage;
      const nowMs = clock.monotonic();
      if (state === 'open') {
        if (nowMs < openUntilMs) return openUntilMs - nowMs;
        change('half-open', onChange);
      }
      if (state === 'half-open') {
        if (probesRunning > 0 && nowMs >= probesLostAtMs) {
          wave += 1;
          probesRunning = 0;
        }
        if (probesRunning + probesPassed >= probes) return Math.max(1, probesLostAtMs - nowMs);
        probesRunning += 1;
        probesLostAtMs = nowMs + openTimeMs();
      }
      return { generation, wave, startedMs: nowMs };
    },
    leave(permit, evidence, onChange) {
      if (permit.generation !== generation) return;
      const nowMs = clock.monotonic();
      const isSlow = nowMs - permit.startedMs >= slowCallMs;
      if (state === 'half-open' && permit.wave === wave) probesRunning -= 1;
      if (evidence === 'none') return;
      if (state === 'half-open') {
        judgeProbe(evidence === 'success' && !isSlow, nowMs, onChange);
        return;
      }
      consecutive = evidence === 'success' ? 0 : consecutive + 1;
      window.advance(nowMs);
      window.add(CALLS);
      if (evidence === 'failure') window.add(FAILURES);
      if (isSlow) window.add(SLOW);
      if ((evidence === 'failure' || isSlow) && shouldTrip()) open(nowMs, onChange);
    },
    export() {
      const nowMs = clock.monotonic();
      window.advance(nowMs);
      const isOpen = state !== 'closed';
      const openMs = state === 'open' ? Math.max(0, openUntilMs - nowMs) : 0;
      return { isOpen, openMs, openCount, consecutive, buckets: window.export() };
    },
    import(snapshot, ageMs) {
      const nowMs = clock.monotonic();
      change(snapshot.isOpen ? 'open' : 'closed', () => {});
      ({ openCount, consecutive } = snapshot);
      openUntilMs = nowMs + Math.min(maxOpenForMs, snapshot.openMs) - ageMs;
      window.advance(nowMs);
      window.import(snapshot.buckets, ageMs);
    },
  };
}
