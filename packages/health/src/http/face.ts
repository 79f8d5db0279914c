import type { Engine } from '../engine.ts';
import type { HealthSettings } from '../options.ts';
import type { Answers } from './answers.ts';

/** What stands behind a health object, for the adapters of this package. */
export interface Face {
  readonly engine: Engine;
  readonly settings: HealthSettings;
  readonly answers: Answers;
}

/** What has the `fetch` that `createHealth` made, taken out of it or copied along. */
export interface HasFetch {
  fetch(request: Request): Promise<Response>;
}

/** By `fetch`, since it is what is handed on: `{ ...health }` has it too. */
const faces = new WeakMap<HasFetch['fetch'], Face>();

export function setFace(fetch: HasFetch['fetch'], face: Face): void {
  faces.set(fetch, face);
}

/** `undefined` for what `createHealth` of this copy of the package has not made. */
export function faceOf({ fetch }: HasFetch): Face | undefined {
  return faces.get(fetch);
}
