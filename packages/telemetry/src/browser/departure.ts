import { type Books, type Entry, HANDED } from './books.ts';
import type { Delivery } from './delivery.ts';
import type { Transport } from './transport.ts';

/**
 * Of the 65,536 that the beacons and keepalive requests of a page that are under way share: the rest
 * is for what is around the events in a dozen smaller beacons.
 */
const LEAVING_BYTES = 64_000;
/** For what is around the events in a body: `sentAt`, the key, a report of losses, brackets. */
const ENVELOPE_BYTES = 512;

/** Hands over what is pending, when it may be the last that the page does. Does not wait. */
export type HandOver = () => void;

/**
 * Beacons first; where one is refused, then of half the size, down to the smallest event; then one
 * keepalive request with what is left of the 64 KiB. Events that wait come before those in the
 * request under way, which may have arrived.
 */
export function createHandOver(books: Books, transport: Transport, delivery: Delivery): HandOver {
  /** Of the events that were picked last. */
  let bytes = 0;

  const pick = (maxBytes: number): Entry[] => {
    bytes = ENVELOPE_BYTES;
    return byPlace(books).filter(({ place, size }) => {
      if (place === HANDED || bytes + size >= maxBytes) return false;
      bytes += size + 1;
      return true;
    });
  };

  return () => {
    let chunk: Entry[];
    for (let most = LEAVING_BYTES; (chunk = pick(most))[0]; ) {
      if (transport.beacon(chunk)) for (const entry of chunk) entry.place = HANDED;
      else most = bytes >> 1;
    }
    // Also what was handed over when the page was hidden before, of which nobody knows whether it is gone.
    let room = LEAVING_BYTES;
    for (const { place, size } of books.pending) if (place === HANDED) room -= size + 1;
    chunk = pick(room);
    if (chunk[0]) void delivery.leave(chunk);
  };
}

/** What is pending, those first that nobody has sent yet. */
export function byPlace({ pending }: Books): Entry[] {
  // oxlint-disable-next-line unicorn/no-array-sort -- of a copy; browsers before 2023 have no toSorted
  return [...pending].sort((a, b) => a.place - b.place);
}
