import type { Status } from './status.ts';

/** How many results in a row it takes. */
export interface DampingSettings {
  readonly failAfter: number;
  readonly passAfter: number;
}

/** Keeps a check that flickers from taking the service out, and in again, with each result. */
export interface Damping {
  readonly consecutiveFailures: number;
  readonly consecutivePasses: number;
  /** Counts a result and gives the status to be shown for it. */
  add(raw: Status): Status;
}

/**
 *   up ──failAfter fails in a row──▶ down ──passAfter others in a row──▶ up
 *
 * Up, a fail shows as warn; down, anything but a fail does: visible, and still serving. The first
 * result of all stands as it is, since there is nothing yet that it contradicts: a database that
 * fails from the start must not be shown as serving. A warn counts as a pass.
 */
export function createDamping({ failAfter, passAfter }: DampingSettings): Damping {
  let isDown: boolean | undefined;
  let failures = 0;
  let passes = 0;
  return {
    get consecutiveFailures() {
      return failures;
    },
    get consecutivePasses() {
      return passes;
    },
    add: (raw) => {
      const isFail = raw === 'fail';
      failures = isFail ? failures + 1 : 0;
      passes = isFail ? 0 : passes + 1;
      isDown ??= isFail;
      if (failures >= failAfter) isDown = true;
      if (passes >= passAfter) isDown = false;
      if (isDown === isFail) return raw;
      return 'warn';
    },
  };
}
