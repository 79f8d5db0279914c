import type { Clock, Duration } from '@ops/timeout';
import type { Check, CheckFunction } from './check.ts';
import type { HealthEvent } from './events.ts';
import type { Preset, StatusCodes } from './http/status-codes.ts';
import type { Publisher } from './publishers/publisher.ts';

/** Checks by name. A name has no colon, slash or white space; names are public. */
export type Checks = Readonly<Record<string, Check>>;

/** Who is answering. What is given here is public. */
export interface ServiceInfo {
  /** `serviceId` of health+json. */
  readonly id?: string | undefined;
  /** Version of the public interface. */
  readonly version?: string | undefined;
  /** Version of the build, as a commit. */
  readonly releaseId?: string | undefined;
  readonly description?: string | undefined;
}

/** For checks that do not say otherwise. Each more than 0. */
export interface CheckDefaults {
  /**
   * Time limit of one attempt. The clock starts when the check is called.
   * @default '1s'
   */
  readonly timeout?: Duration | undefined;
  /**
   * Age up to which a result is used without a new attempt, counted from the moment it was known.
   * @default '5s'
   */
  readonly ttl?: Duration | undefined;
  /**
   * Age above which a result is not believed. At least `ttl`. Not for checks with `every`.
   * Default: 3 × `ttl` + `timeout`, of the check.
   */
  readonly maxStale?: Duration | undefined;
}

/** Names of the checks in `C`. */
export type CheckName<C> = Extract<keyof C, string>;

/** Names of the checks in `C` that may be in `live`: those not marked `external`. */
export type InternalCheckName<C> = {
  [Name in CheckName<C>]: C[Name] extends CheckFunction
    ? Name
    : C[Name] extends { readonly external: true }
      ? never
      : Name;
}[CheckName<C>];

/** Which checks decide which question. */
export interface Groups<C> {
  /** Must this process be restarted? No external check may be a member. Default: none. */
  readonly live?: readonly InternalCheckName<C>[] | undefined;
  /** Can this process take requests? Default: every check. */
  readonly ready?: readonly CheckName<C>[] | undefined;
  /** Has this process started? Passes for good once it has passed. Default: none. */
  readonly startup?: readonly CheckName<C>[] | undefined;
  /** Groups of your own, for `report(group)`, `check(group)` and `watch(group)`. */
  readonly [group: string]: readonly CheckName<C>[] | undefined;
}

/** Members of each group, `all` being every check. */
export type GroupMembers<C, G> = {
  readonly all: CheckName<C>;
  readonly live: MembersOf<G, 'live', never>;
  readonly ready: MembersOf<G, 'ready', CheckName<C>>;
  readonly startup: MembersOf<G, 'startup', never>;
} & { readonly [Group in Extract<keyof G, string>]: MembersOf<G, Group, never> };

type MembersOf<G, Group extends string, Otherwise> = G extends {
  readonly [K in Group]: readonly (infer Name extends string)[];
}
  ? Name
  : Otherwise;

/** Options of {@link createHealth}. */
export interface HealthOptions<C extends Checks = Checks, G extends Groups<C> = Groups<C>> {
  readonly service?: ServiceInfo | undefined;
  readonly defaults?: CheckDefaults | undefined;
  readonly checks: C;
  readonly groups?: G | undefined;
  /**
   * Who sees messages, values and times besides statuses and codes. A function that throws, does
   * not answer within `defaults.timeout`, or answers anything but `true`, means no.
   * @default false
   */
  readonly details?: boolean | ((request: Request) => boolean | Promise<boolean>) | undefined;
  /** Secrets to be taken out of messages wherever they appear, besides what looks like one. */
  readonly redact?: readonly string[] | undefined;
  /**
   * Put before every path, as `/ops`: starts with a slash and does not end with one.
   * @default ''
   */
  readonly basePath?: string | undefined;
  /**
   * What probes of a kind expect. `kubernetes`: a failure on `/livez`, `/readyz`, `/startupz` and
   * `/healthz` answers 500, as kube-apiserver does, instead of 503. `consul`: a warning answers 429.
   * `microprofile`: `/health`, and `/health/live`, `/health/ready` and `/health/started` besides,
   * answer in the form of MicroProfile Health.
   */
  readonly preset?: Preset | undefined;
  /** HTTP statuses, instead of single ones of the preset. */
  readonly statusCodes?: StatusCodes | undefined;
  /** Who is told of transitions, each by itself; see `@ops/health/publishers`. */
  readonly publishers?: readonly Publisher[] | undefined;
  /** Told of transitions, and of publishers that fail, at once and in their order. What it throws, or rejects with, is dropped. */
  readonly onEvent?: ((event: HealthEvent) => void) | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
  /** From 0 to 1, for `jitter`. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}
