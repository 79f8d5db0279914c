/** opossum comes without types; only what the bench uses. */
declare module 'opossum' {
  export default class CircuitBreaker {
    constructor(action: () => Promise<unknown>, options: { readonly timeout: number });
    fire(): Promise<unknown>;
    shutdown(): void;
  }
}
