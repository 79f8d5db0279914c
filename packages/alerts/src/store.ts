/**
 * What the engine asks of the place where its state is.
 *
 * All state is in documents: JSON values with a version, changed by compare-and-set. The engine reads,
 * computes with pure functions, and commits; a commit whose documents were changed meanwhile by
 * another replica changes nothing, and the engine computes anew. So each step is made once, whoever
 * makes it, and what follows from it (messages, history) is stored with it or not at all.
 *
 * A `commit` that rejects may have been applied, or may yet be. The engine needs no help with that:
 * each document holds the number of the last commit of each replica that changed it, so reading the
 * document tells; and a commit that comes late finds the version changed. A store only has to keep
 * its word: a unit wholly or not at all, and never twice.
 */
import type { Clock } from '@ops/timeout';
import type { Alert } from './alert.ts';
import type { Json } from './channel.ts';
import type { NotificationKind } from './notification.ts';
import type { Silence } from './silence.ts';

/** A place for the state of alerts: `memoryStore()`, or `postgresStore(pool)`. */
export interface Store {
  readonly kind: string;
  /**
   * Called once by each `createAlerts`. Never throws because the place cannot be reached: its
   * methods reject then.
   */
  open(context: StoreContext): StoreSession;
}

/** Who opens a store. */
export interface StoreContext {
  /** `service/environment`: what has another scope is never seen. */
  readonly scope: string;
  readonly clock: Clock;
}

/**
 * One replica's access. Every method rejects when the place cannot be reached, within a time limit
 * of its own; what it was asked to do may then have happened or not.
 */
export interface StoreSession {
  /**
   * How long events may be held back to be stored together, and how often `tick` is called at least
   * while others may have changed something: 1000 for a database, 0 where it costs nothing and
   * nobody else is there (then `nextDueMs` says when to come again).
   */
  readonly intervalMs: number;
  /** The store's time in milliseconds since 1970, as far as this process knows; never goes back. */
  now(): number;
  /** Reads, and claims what is to be sent. One statement. */
  tick(request: TickRequest): Promise<TickAnswer>;
  /** All or nothing for each unit by itself. One statement, two where documents are new. */
  commit(units: readonly CommitUnit[]): Promise<CommitAnswer>;
  /** Tells what became of a claimed message. Does nothing where the lease has passed to another. */
  settle(settlement: Settlement): Promise<{ readonly isHeld: boolean }>;
  /** Messages of a channel that wait and are not being sent, oldest first. */
  waiting(channel: string, limitCount: number): Promise<readonly WaitingMessage[]>;
  /** Documents whose key starts with `prefix`, by key. */
  list(prefix: string, limitCount: number): Promise<readonly StoredDocument[]>;
  addSilence(silence: Silence): Promise<void>;
  /** Ends it now. False when there is no such silence, or it has ended. */
  endSilence(id: string): Promise<boolean>;
  history(query: HistoryQuery): Promise<readonly Alert[]>;
  /** Lets go of what it holds; gives no lease back. */
  close(): Promise<void>;
}

export interface StoredDocument {
  readonly key: string;
  /** From 1, one more with every change. */
  readonly version: number;
  readonly value: Json;
  readonly dueAtMs: number | undefined;
}

export interface TickRequest {
  /** Keys of documents to read. */
  readonly read: readonly string[];
  /** Documents whose `dueAtMs` has come are read too, at most this many, longest overdue first. */
  readonly dueCount: number;
  /** Channels that this process can send to right now: at most one message of each is claimed. */
  readonly claim: readonly ClaimRequest[];
}

export interface ClaimRequest {
  readonly channel: string;
  /** Pause between messages, for all replicas together; 0: none. */
  readonly intervalMs: number;
  readonly burst: number;
  /** For how long nobody else may claim the message; longer than `sendTimeout`. */
  readonly leaseMs: number;
}

export interface TickAnswer {
  readonly nowMs: number;
  /** Those that were asked for and exist, and those that are due. */
  readonly documents: readonly StoredDocument[];
  /** Those that have not ended. */
  readonly silences: readonly Silence[];
  /** All that have not ended, at most 1,000, worst and oldest first. */
  readonly alerts: readonly Alert[];
  readonly claims: readonly Claim[];
  /** When the next document is due or the next message of the asked channels may be claimed; undefined: nothing waits, or it is not known. */
  readonly nextDueMs: number | undefined;
}

/**
 * One message that this process, and nobody else, is to send now.
 *
 * Messages of one channel and group go in the order in which they were stored: nothing is claimed
 * while an earlier one of its group waits for a retry. Of the groups that may go, the one whose oldest
 * waiting message is the oldest of the channel.
 *
 * If that oldest message `isFirst`, the channel has heard of none of this: the newest message of the
 * group that waits is claimed with its `catchUp` payload in place of all (also where there is but the
 * one); `ids` then names all, and `settle` is for all. Otherwise the oldest alone is claimed, with its
 * own payload, since what it builds on has arrived.
 */
export interface Claim {
  /** The newest; its id is sent along. */
  readonly id: string;
  /** Oldest first, `id` included. */
  readonly ids: readonly string[];
  readonly channel: string;
  readonly group: string;
  readonly kind: NotificationKind;
  readonly text: string;
  /** Null: nothing is to be sent (`catchUp` had nothing to tell); to be settled as delivered. */
  readonly payload: Json;
  /** What was returned for the last delivered message of the same channel and group. */
  readonly previous: Json | undefined;
  /** This one included; of the oldest in `ids`. */
  readonly attempt: number;
  /** When the oldest in `ids` was stored. */
  readonly createdAtMs: number;
  /** Ids of the alerts that the messages tell of. */
  readonly alertIds: readonly string[];
  /** Fences `settle`: another after every claim. */
  readonly lease: string;
  /** Messages of this channel that wait, this one included: many make a digest. */
  readonly pendingCount: number;
}

export interface WaitingMessage {
  readonly id: string;
  readonly group: string;
  readonly kind: NotificationKind;
  readonly text: string;
  readonly alertIds: readonly string[];
  readonly attempt: number;
  readonly createdAtMs: number;
}

export type Settlement = {
  readonly ids: readonly string[];
  readonly lease: string;
  readonly channel: string;
} /** A receipt that is undefined leaves `previous` as it was. */ & (
  | { readonly outcome: 'delivered'; readonly receipt: Json | undefined }
  | {
      readonly outcome: 'retry';
      readonly error: string;
      /** No attempt earlier than this much later. */
      readonly delayMs: number;
      /** The whole channel, of all replicas, waits this long; 0: it does not. */
      readonly pauseMs: number;
    }
  /** Given up. Where the message `isFirst`, the next of its group that waits is the first from now on. */
  | { readonly outcome: 'failed'; readonly error: string }
);

/** What is changed together. */
export interface CommitUnit {
  /** The unit is applied only if every one has the version it was read with. */
  readonly documents: readonly DocumentChange[];
  readonly messages: readonly NewMessage[];
  /** Written as they are now, by id. */
  readonly alerts: readonly Alert[];
  /** Claimed messages that the unit gives up; it is applied only if the lease is still held. */
  readonly settle?: Settlement | undefined;
}

export interface DocumentChange {
  readonly key: string;
  /** 0: must not exist yet. */
  readonly version: number;
  /** Undefined: removed. */
  readonly value: Json | undefined;
  readonly dueAtMs: number | undefined;
}

/** A message to be sent, as rendered. */
export interface NewMessage {
  readonly id: string;
  readonly channel: string;
  /** The key of the group's document. */
  readonly group: string;
  readonly kind: NotificationKind;
  readonly alertIds: readonly string[];
  readonly text: string;
  readonly payload: Json;
  /** What to send instead when nothing before it has arrived; null: nothing. */
  readonly catchUp: Json;
  /** The channel knew of none of the group's alerts when this was planned: it builds on nothing. */
  readonly isFirst: boolean;
  /**
   * When it is too old to be tried again. The engine sees to that: a message is claimed all the same,
   * so that what waited through an outage is tried once; a store may remove it a day later.
   */
  readonly expiresAtMs: number;
  /**
   * Ids of messages that this one stands for (a digest): they are given up as it is stored, and it
   * takes the place of the first of them in the order of the channel. One that is claimed may be among
   * them only where the unit's `settle` names it.
   */
  readonly replaces?: readonly string[] | undefined;
}

export interface CommitAnswer {
  readonly nowMs: number;
  /** One for each unit. */
  readonly isApplied: readonly boolean[];
}

export interface HistoryQuery {
  /** Alerts that lasted or began after this; milliseconds since 1970. */
  readonly sinceMs: number;
  readonly untilMs?: number | undefined;
  readonly rule?: string | undefined;
  readonly id?: string | undefined;
  readonly limitCount: number;
}
