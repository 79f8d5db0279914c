import {
  type Circuit,
  type CircuitSettings,
  type CircuitSnapshot,
  createCircuit,
} from './circuit.ts';
import type { Clock } from './clock.ts';
import { InvalidOptionsError } from './errors.ts';
import type { CircuitState } from './events.ts';
import { FIELD_COUNT } from './rolling-window.ts';

/** The circuits of a breaker in a form that JSON can hold. */
export interface BreakerSnapshot {
  /** Wall-clock time, in milliseconds since 1970. */
  readonly takenAt: number;
  readonly circuits: readonly (readonly [key: string, circuit: CircuitSnapshot])[];
}

/** The circuits of a breaker by key, of which it keeps only so many. */
export interface Circuits {
  /** Made when it is not there. */
  get(key: string): Circuit;
  state(key: string): CircuitState;
  isIsolated(key: string): boolean;
  isolate(key: string | undefined): Disposable;
  snapshot(): BreakerSnapshot;
  restore(snapshot: BreakerSnapshot): void;
}

export function createCircuits(
  settings: CircuitSettings,
  clock: Clock,
  maxKeys: number,
  idleForMs: number,
): Circuits {
  /** The one unused for the longest time first. */
  const circuits = new Map<string, Circuit>();
  /** One entry for each `isolate` that is in force; `undefined` is every key. */
  const isolated = new Set<{ readonly key: string | undefined }>();
  let lastKey: string | undefined;
  let last: Circuit | undefined;

  const forget = (key: string): void => {
    circuits.delete(key);
    if (key === lastKey) lastKey = undefined;
  };

  /** Idle ones first, then closed ones: to forget an open circuit would let the calls through. */
  function makeRoom(nowMs: number): void {
    for (const [key, { state, lastUsedMs }] of circuits) {
      const idleMs = nowMs - lastUsedMs;
      if (idleMs < idleForMs) break;
      if (state === 'closed' || idleMs >= idleForMs + settings.maxOpenForMs) forget(key);
    }
    if (circuits.size < maxKeys) return;
    let victim: string | undefined;
    for (const [key, { state }] of circuits) {
      victim ??= key;
      if (state !== 'closed') continue;
      victim = key;
      break;
    }
    if (victim !== undefined) forget(victim);
  }

  function get(key: string): Circuit {
    if (key === lastKey && last !== undefined) return last;
    const nowMs = clock.monotonic();
    // The one before has been used until now, without passing here.
    if (last !== undefined) last.lastUsedMs = nowMs;
    let circuit = circuits.get(key);
    if (circuit === undefined) {
      makeRoom(nowMs);
      circuit = createCircuit(settings, clock);
    }
    // Being used again moves it to the end.
    circuits.delete(key);
    circuits.set(key, circuit);
    circuit.lastUsedMs = nowMs;
    lastKey = key;
    last = circuit;
    return circuit;
  }

  const isIsolated = (key: string): boolean => {
    if (isolated.size === 0) return false;
    for (const entry of isolated) if (entry.key === undefined || entry.key === key) return true;
    return false;
  };

  return {
    get,
    isIsolated,
    state: (key) => (isIsolated(key) ? 'isolated' : (circuits.get(key)?.state ?? 'closed')),
    isolate(key) {
      const entry = { key };
      isolated.add(entry);
      return {
        [Symbol.dispose]: () => {
          isolated.delete(entry);
        },
      };
    },
    snapshot() {
      return {
        takenAt: clock.now(),
        circuits: [...circuits].map(([key, circuit]) => [key, circuit.export()] as const),
      };
    },
    restore(snapshot) {
      if (!isSnapshot(snapshot)) {
        throw new InvalidOptionsError('restore: expected what snapshot() gave');
      }
      // The wall clock may have been set back in between.
      const ageMs = Math.max(0, clock.now() - snapshot.takenAt);
      for (const [key, circuit] of snapshot.circuits) get(key).import(circuit, ageMs);
    },
  };
}

function isSnapshot(value: unknown): value is BreakerSnapshot {
  const { takenAt, circuits } = Object(value) as Partial<BreakerSnapshot>;
  return (
    isAmount(takenAt) &&
    Array.isArray(circuits) &&
    circuits.every((entry: unknown) => {
      if (!Array.isArray(entry) || typeof entry[0] !== 'string') return false;
      const circuit = Object(entry[1]) as Partial<CircuitSnapshot>;
      return (
        typeof circuit.isOpen === 'boolean' &&
        [circuit.openMs, circuit.openCount, circuit.consecutive].every(isAmount) &&
        Array.isArray(circuit.buckets) &&
        circuit.buckets.every(
          (bucket: unknown) =>
            Array.isArray(bucket) && bucket.length === FIELD_COUNT && bucket.every(isAmount),
        )
      );
    })
  );
}

function isAmount(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}
