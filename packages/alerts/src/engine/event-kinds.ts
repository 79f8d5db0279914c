import type { Fingerprinter } from '../fingerprint.ts';
import type { Capture } from './capture.ts';
import type { LabelReader } from './labels.ts';
import type { EventKind } from './pending-runs.ts';

/** More kinds than these are made anew each time. */
const MAX_KNOWN_COUNT = 2_000;
/** Of errors whose message was given up in a flood. */
const MANY_KINDS = 'other';

/**
 * What rules are given for a capture: cleaned labels, and the fingerprint where a rule needs it. The
 * same object for equal events, so that they can be told to be equal by comparing two references.
 */
export function createEventKinds(
  labels: LabelReader,
  fingerprint: Fingerprinter | undefined,
): (capture: Capture) => EventKind {
  const known = new Map<string, EventKind>();
  const labelIds = new WeakMap<object, number>();
  let lastLabelId = 0;

  function idOf(set: object): number {
    const id = labelIds.get(set) ?? (lastLabelId += 1);
    labelIds.set(set, id);
    return id;
  }

  return (capture) => {
    const { type, message, isSuccess, isKnownFailure, rule } = capture;
    const print =
      type !== 'error' || fingerprint === undefined
        ? undefined
        : message === undefined
          ? MANY_KINDS
          : fingerprint(message, capture.labels);
    const id = `${type} ${isSuccess} ${isKnownFailure} ${idOf(capture.labels)} ${print} ${rule}`;
    const found = known.get(id);
    if (found !== undefined) return found;
    if (known.size >= MAX_KNOWN_COUNT) known.clear();
    const made = kindOf(capture, labels, print);
    known.set(id, made);
    return made;
  };
}

function kindOf(capture: Capture, labels: LabelReader, fingerprint: string | undefined): EventKind {
  const facts = { atMs: 0, count: 1, labels: labels.clean(capture.labels) } as const;
  const { type, isSuccess, isKnownFailure, rule } = capture;
  if (type === 'outcome') return Object.freeze<EventKind>({ type, isSuccess, ...facts });
  if (type === 'beat') return Object.freeze<EventKind>({ type, rule, ...facts });
  return Object.freeze<EventKind>({
    type,
    ...facts,
    ...(fingerprint !== undefined && { fingerprint }),
    ...(isKnownFailure && { isKnownFailure }),
  });
}
