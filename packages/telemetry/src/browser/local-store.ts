import { eventId } from './event-id.ts';
import type { EventStore, StoredEvent } from './event-store.ts';

/** What is used of the browser. */
interface StorePlatform {
  readonly localStorage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;
  readonly navigator?: { readonly locks?: Locks | undefined } | undefined;
}

interface Locks {
  request<T>(name: string, callback: () => T | Promise<T>): Promise<T>;
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
}

/** Options of {@link localStore}. */
export interface LocalStoreOptions {
  /**
   * What the items' keys begin with. Two clients with different endpoints need different ones.
   * @default 'telemetry'
   */
  readonly key?: string | undefined;
  /**
   * UTF-8 bytes of JSON that one page keeps. Browsers give an origin about 5,000,000 units in all.
   * @default 500_000
   */
  readonly maxBytes?: number | undefined;
  /** Default: `globalThis`. For tests. */
  readonly platform?: StorePlatform | undefined;
}

/**
 * Keeps events in `localStorage` from one visit to the next: one item for each page, so that pages
 * never write over each other. The next page takes the items of all others over as it starts, under a
 * Web Lock, so that of two tabs that start together one gets each event. Without Web Locks (a page
 * that is not secure) both may; the ids make that harmless. Events of a tab that is open but hidden
 * may be sent by another one as well as by itself.
 *
 * Never throws: where there is no storage, or no room, nothing or less is kept.
 */
export function localStore(options: LocalStoreOptions = {}): EventStore {
  const { key = 'telemetry', maxBytes = 500_000 } = options;
  const ownKey = `${key}.${eventId(Date.now())}`;
  /** What is in the own item, by id. */
  let kept = new Map<string, string>();

  const platform = (): StorePlatform => options.platform ?? globalThis;

  /** Whether it could be written. */
  const write = (): boolean => {
    try {
      // The getter of `localStorage` throws where cookies are blocked.
      const { localStorage } = platform();
      if (kept.size === 0) localStorage.removeItem(ownKey);
      else localStorage.setItem(ownKey, `[${[...kept.values()].join()}]`);
      return true;
    } catch {
      return false;
    }
  };

  /** Lets go of the lock on the own item. */
  let release: (() => void) | undefined;

  /** While this page delivers what it took over, others leave the item alone. */
  const holdOwn = (locks: Locks): Promise<void> =>
    new Promise((resolve) => {
      const untilReleased = (): Promise<void> =>
        new Promise((end) => {
          release = end;
          resolve();
        });
      locks.request(ownKey, untilReleased).catch(resolve);
    });

  const takeOver = async (): Promise<StoredEvent['id'][]> => {
    const ids: string[] = [];
    const locks = platform().navigator?.locks;
    const held = new Set(((await locks?.query())?.held ?? []).map(({ name }) => name));
    const { localStorage } = platform();
    const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index));
    for (const other of keys) {
      if (!other?.startsWith(`${key}.`) || other === ownKey || held.has(other)) continue;
      for (const { id, json } of eventsIn(localStorage.getItem(other))) {
        if (!kept.has(id)) ids.push(id);
        kept.set(id, json);
      }
      localStorage.removeItem(other);
    }
    write();
    if (locks && ids.length > 0) await holdOwn(locks);
    return ids;
  };

  return {
    keep(events) {
      // A page that holds a lock is not kept in the back/forward cache.
      release?.();
      kept = new Map();
      let room = maxBytes;
      const fitting = events.filter(({ size }) => (room -= size + 1) >= 0);
      let count = fitting.length;
      // Full: by half, until there is room. Others' items take theirs.
      for (; count > 0; count >>= 1) {
        kept = new Map(fitting.slice(0, count).map(({ id, json }) => [id, json]));
        if (write()) break;
        kept = new Map();
      }
      if (count === 0) write();
      for (const event of events) event.isKept = kept.has(event.id);
    },
    forget(events) {
      const before = kept.size;
      for (const { id } of events) kept.delete(id);
      if (kept.size === before) return;
      write();
      if (kept.size === 0) release?.();
    },
    async claim() {
      try {
        const locks = platform().navigator?.locks;
        const ids = await (locks ? locks.request(key, takeOver) : takeOver());
        return ids.map((id) => {
          const json = kept.get(id) ?? '';
          return { id, json, size: new TextEncoder().encode(json).length };
        });
      } catch {
        return [];
      }
    },
  };
}

/** What is damaged, or was written by others, is left out. */
function eventsIn(item: string | null): { id: string; json: string }[] {
  try {
    const events = JSON.parse(item ?? '[]') as { id?: unknown; name?: unknown }[];
    return events.flatMap((event) =>
      typeof event?.id === 'string' && typeof event.name === 'string'
        ? [{ id: event.id, json: JSON.stringify(event) }]
        : [],
    );
  } catch {
    return [];
  }
}
