import type { CommitUnit } from '../store.ts';

/** A unit and its place among those that were given. */
export interface PlacedUnit {
  readonly place: number;
  readonly unit: CommitUnit;
}

/**
 * Units as they can be committed by one statement each: within a statement no two touch the same
 * thing, and what a unit finds is what those before it have left. Usually there is one batch.
 *
 * @throws RangeError when a unit changes the same document twice.
 */
export function batchesOf(units: readonly CommitUnit[]): PlacedUnit[][] {
  const batches: { readonly touched: Set<string>; readonly units: PlacedUnit[] }[] = [];
  units.forEach((unit, place) => {
    const touched = touchedBy(unit);
    const isFree = (at: number): boolean =>
      ![...touched].some((name) => batches[at]?.touched.has(name));
    // As early as possible, but after everything that it has something in common with.
    let at = batches.length;
    while (at > 0 && isFree(at - 1)) at -= 1;
    const batch = batches[at] ?? { touched: new Set<string>(), units: [] };
    if (at === batches.length) batches.push(batch);
    for (const name of touched) batch.touched.add(name);
    batch.units.push({ place, unit });
  });
  return batches.map((batch) => batch.units);
}

function touchedBy({ documents, messages, alerts, settle }: CommitUnit): Set<string> {
  const touched = new Set(documents.map(({ key }) => `document ${key}`));
  if (touched.size < documents.length) {
    throw new RangeError('commit: a unit changes the same document twice');
  }
  for (const { id } of alerts) touched.add(`alert ${id}`);
  if (settle !== undefined) touched.add(`channel ${settle.channel}`);
  for (const { channel, replaces, id } of messages) {
    touched.add(`message ${id}`);
    if (replaces !== undefined) touched.add(`channel ${channel}`);
  }
  return touched;
}
