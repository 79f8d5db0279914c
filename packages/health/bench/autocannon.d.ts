/** autocannon comes without types; only what the bench uses. */
declare module 'autocannon' {
  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Requests in all; goes before `duration`. */
    readonly amount?: number | undefined;
    /** Seconds. */
    readonly duration?: number | undefined;
    /** Seconds. */
    readonly timeout?: number | undefined;
    /** Milliseconds. */
    readonly sampleInt?: number | undefined;
  }
  export interface Result {
    readonly '2xx': number;
    readonly non2xx: number;
    /** Connections that failed, timeouts included. */
    readonly errors: number;
    readonly timeouts: number;
    /** Seconds. */
    readonly duration: number;
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  }
  export default function autocannon(options: Options): Promise<Result>;
}
