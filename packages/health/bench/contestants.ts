/** A server of programs/, run as a process of its own. */
export interface Contestant {
  readonly label: string;
  /** In programs/, without the ending. */
  readonly program: string;
  /** Where it is probed. */
  readonly path: string;
  /** Settings of the program. */
  readonly settings?: Settings | undefined;
}

/** Those of `ours` are options of `createHealth`; `nest` has its own `cacheFor` and `withTimeout`. */
export interface Settings {
  /** Time limit of an attempt, milliseconds. Unset: the default of the package. */
  readonly timeout?: number | undefined;
  /** Age up to which a result is used, milliseconds. Unset: the default of the package. */
  readonly ttl?: number | undefined;
  /** Of `application` alone. */
  readonly check?: PoolCheck | undefined;
  /** `fetch`: `health.fetch`, with requests converted by hand. */
  readonly through?: 'fetch' | undefined;
}

/** `sleep` and `terminus` ask through the application's pool. */
export type PoolCheck = 'none' | 'ping' | 'sleep' | 'terminus';

export const BARE: Contestant = { label: 'bare `node:http`', program: 'bare', path: '/' };
export const OURS: Contestant = {
  label: '@ops/health, defaults',
  program: 'ours',
  path: '/readyz',
};
/** Lets a dependency of 2 s pass, and asks it as often as may be. */
export const OURS_PATIENT: Contestant = {
  ...OURS,
  label: '@ops/health, limit 3 s, ttl 1 s',
  settings: { timeout: 3_000, ttl: 1_000 },
};
/** Asks a dependency that is always late as often as may be. */
export const OURS_OFTEN: Contestant = {
  ...OURS,
  label: '@ops/health, limit 1 s, ttl 1 s',
  settings: { timeout: 1_000, ttl: 1_000 },
};
export const TERMINUS: Contestant = {
  label: '@godaddy/terminus',
  program: 'terminus',
  path: '/health',
};
export const NEST: Contestant = { label: '@nestjs/terminus', program: 'nest', path: '/health' };
export const NEST_CACHED: Contestant = {
  ...NEST,
  label: '@nestjs/terminus, `cacheFor(1 s)`',
  settings: { ttl: 1_000 },
};
export const NEST_LIMITED: Contestant = {
  ...NEST,
  label: '@nestjs/terminus, `cacheFor(1 s)`, `withTimeout(1 s)`',
  settings: { ttl: 1_000, timeout: 1_000 },
};
/** Runs no checks: what it answers was set by the application. */
export const LIGHTSHIP: Contestant = { label: 'lightship', program: 'lightship', path: '/ready' };
