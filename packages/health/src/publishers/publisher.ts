import type { Duration } from '@ops/timeout';
import type { Transition } from '../events.ts';
import type { ServiceInfo } from '../health-options.ts';

/** What a publisher is given besides the event. */
export interface PublishContext {
  /** Aborted when the time limit is reached. */
  readonly signal: AbortSignal;
  /** As given to `createHealth`. */
  readonly service: ServiceInfo;
}

/**
 * Tells others of transitions. A first result that passes is none: every start would be told.
 *
 * It is called with no other call outstanding. Of what happens meanwhile only the newest of each
 * check and group is kept, and nothing of one that is back where it was, so nothing piles up. A call
 * that fails is not repeated; `onEvent` is told of it as `publisher-failed`. Nothing that it does
 * reaches a check.
 */
export interface Publisher {
  /** For `publisher-failed`, so no secret: 1 to 64 characters. */
  readonly name: string;
  /**
   * Time limit of one call, counted from when it is made. A call that ignores its signal and never
   * settles is the last.
   * @default '5s'
   */
  readonly timeout?: Duration | undefined;
  /** Tells of one event. What it throws, or rejects with, is its failure. */
  publish(event: Transition, context: PublishContext): void | Promise<void>;
}
