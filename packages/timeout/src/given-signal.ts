import { SignalSource } from './signal-source.ts';

/** The signal that a caller gave, passed on as it is; without one, a signal that nothing aborts. */
export class GivenSignal extends SignalSource {
  readonly #given: AbortSignal | undefined;

  constructor(given: AbortSignal | undefined) {
    super();
    this.#given = given;
  }

  override get signal(): AbortSignal {
    return this.#given ?? super.signal;
  }

  override get abortable(): AbortSignal | undefined {
    return this.#given;
  }
}
