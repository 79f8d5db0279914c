/**
 * A signal that is made when somebody asks for it: a controller costs as much as the rest of a
 * short call, and an operation that does not look at its signal needs none.
 */
export class SignalSource {
  #made: AbortController | undefined = undefined;

  get #controller(): AbortController {
    return (this.#made ??= new AbortController());
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What to listen to; `undefined` when nothing can abort. */
  get abortable(): AbortSignal | undefined {
    return this.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}
