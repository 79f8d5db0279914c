/**
 * What is used of `window`, looked up when a client is created. A worker has less of it, and a server
 * that renders pages still less: without beacons and page events the rest works.
 */
export interface Page {
  fetch(url: string, init: RequestInit): Promise<Response>;
  setTimeout(callback: () => unknown, delayMs: number): unknown;
  clearTimeout(timer: never): void;
  readonly performance: { now(): number };
  readonly Date: { now(): number };
  /** For jitter; event ids do not come from it. */
  readonly Math: { random(): number };
  readonly document?: { readonly visibilityState: string } | undefined;
  readonly navigator?:
    | { readonly sendBeacon?: ((url: string, body: string) => boolean) | undefined }
    | undefined;
  readonly addEventListener?:
    | ((
        type: string,
        listener: (event: PageEvent) => void,
        options: { readonly signal: AbortSignal },
      ) => void)
    | undefined;
}

/** `persisted`: the page is kept, and may come back. */
export interface PageEvent {
  readonly type: string;
  readonly persisted?: boolean | undefined;
}
