import { get } from 'node:http';

/** How one probe went. */
export interface Probe {
  readonly tookMs: number;
  /** `undefined` when there was no answer in time. */
  readonly status: number | undefined;
}

/** One probe on a connection of its own, as kubelets make them. */
export function probe(url: string, limitMs: number): Promise<Probe> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const settle = (status?: number): void => {
      clearTimeout(timer);
      resolve({ tookMs: performance.now() - startedAt, status });
    };
    const request = get(url, { agent: false }, (response) => {
      response.resume().once('end', () => settle(response.statusCode));
    });
    const timer = setTimeout(() => request.destroy(), limitMs);
    request.once('error', () => settle()).once('close', () => settle());
  });
}
