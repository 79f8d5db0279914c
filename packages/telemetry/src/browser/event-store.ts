import type { Entry } from './books.ts';

/** A pending event as a store sees it. */
export type StoredEvent = Pick<Entry, 'id' | 'json' | 'size' | 'isKept'>;

/** Keeps events from one visit to the next. Its methods must not throw or reject. */
export interface EventStore {
  /**
   * The page is hidden and may not come back: keeps these events, those first that come first, as
   * many as there is room for, and no others of this page. Sets `isKept` of each: what is not kept when
   * the page is gone counts as lost.
   */
  keep(events: readonly StoredEvent[]): void;
  /** These are delivered or dropped. Most of them were never kept. */
  forget(events: readonly Pick<StoredEvent, 'id'>[]): void;
  /** Takes over what pages that are gone have left, each event by one page alone. */
  claim(): Promise<readonly Pick<StoredEvent, 'id' | 'json' | 'size'>[]>;
}
