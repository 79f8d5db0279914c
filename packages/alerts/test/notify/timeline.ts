import type { Alert } from '../../src/alert.ts';
import { createWorld, ended, iso, type World, type WorldOptions } from './world.ts';

/**
 * Scenarios in the manner of Alertmanager's acceptance tests, in seconds: what is pushed when, and
 * what must have been sent between when, and nothing else.
 */
export interface Timeline {
  at(second: number, act: (world: World) => void): void;
  push(second: number, ...alerts: readonly Alert[]): void;
  /** `+` fires, `-` has ended. */
  want(fromSecond: number, toSecond: number, ...lines: readonly string[]): void;
  /** @param untilSecond how long it is watched. `sent` must equal `wanted`. */
  run(untilSecond: number): Outcome;
}

interface Outcome {
  readonly sent: readonly object[];
  readonly wanted: readonly object[];
  readonly world: World;
}

export function timeline(options: WorldOptions, channel = 'ops'): Timeline {
  const world = createWorld(options);
  const acts: { atMs: number; act: (world: World) => void }[] = [];
  const wants: { fromMs: number; toMs: number; lines: readonly string[] }[] = [];
  const at: Timeline['at'] = (second, act) => {
    acts.push({ atMs: second * 1_000, act });
  };
  return {
    at,
    push: (second, ...alerts) => at(second, ({ push }) => push(...alerts)),
    want(fromSecond, toSecond, ...lines) {
      wants.push({ fromMs: fromSecond * 1_000, toMs: toSecond * 1_000, lines: lines.toSorted() });
    },
    run(untilSecond) {
      for (const { atMs, act } of acts.toSorted((one, other) => one.atMs - other.atMs)) {
        world.moveTo(atMs);
        act(world);
      }
      world.moveTo(untilSecond * 1_000);
      const told = world.received.filter((message) => message.channel === channel);
      const sent = told.map(({ atMs, notification }) => ({
        second: atMs / 1_000,
        lines: [
          ...notification.firing.map(({ id }) => `+${id}`),
          ...notification.resolved.map(({ id }) => `-${id}`),
        ].toSorted(),
      }));
      const wanted = wants.map(({ fromMs, toMs, lines: names }, index) => {
        const sentMs = (sent[index]?.second ?? Number.NaN) * 1_000;
        const isInTime = sentMs >= fromMs && sentMs <= toMs;
        return { second: isInTime ? sentMs / 1_000 : `${fromMs} to ${toMs} ms`, lines: names };
      });
      return { sent, wanted, world };
    },
  };
}

/** An alert that began at this second, and perhaps ended at that one. */
export function since(alert: Alert, second: number, untilSecond?: number): Alert {
  const begun = { ...alert, startedAt: iso(second * 1_000) };
  return untilSecond === undefined ? begun : ended(begun, untilSecond * 1_000);
}
