import type { Position, Range, Walk } from './target.ts';

/** One way through the rows of a leaf, from one end to the other. */
export interface WalkPass {
  /** Where the next batch looks; undefined when all was seen. Stays the same until {@link advance}. */
  next(limit: number): Range | undefined;
  /**
   * A batch was committed. `last` is the last row that was looked at; undefined when there is no due
   * row left in the range.
   */
  advance(done: Advance): void;
  /** Where to go on another time. */
  readonly position: Position;
  /** The last batch both began and ended within one value of the first column. */
  readonly isAmongEquals: boolean;
  /** Makes the range half as long, when it can be: looking at it took too long. */
  narrow(): boolean;
}

/** Before the first pass. */
export const NO_PASS: WalkPass = {
  next: () => undefined,
  advance: () => {},
  position: [],
  isAmongEquals: false,
  narrow: () => false,
};

interface Advance {
  readonly last: Position | undefined;
  /** There may be more behind `last` in the range. */
  readonly isMore: boolean;
  readonly picked: number;
  readonly limit: number;
  readonly elapsedMs: number;
}

/** Rows between two marks of {@link createKeysetPass}. */
const MARK_EVERY = 50_000;
const MARKS_MAX = 512;

/**
 * In index order. Leaves marks behind, so that a later pass, which meets all the dead entries that
 * this one made, can look between two of them at a time: no single statement has to go past all.
 */
export function createKeysetPass(marks: Position[], isFirst: boolean): WalkPass {
  let after: Position | undefined;
  let segment = 0;
  let isOver = false;
  let sinceMark = 0;
  let isAmongEquals = false;
  return {
    next: () =>
      isOver ? undefined : { walk: 'keyset', after, upTo: isFirst ? undefined : marks[segment] },
    advance({ last, picked }) {
      if (last !== undefined) {
        isAmongEquals = after?.[0] === last[0];
        after = last;
        sinceMark += picked;
        if (isFirst && sinceMark >= MARK_EVERY) {
          sinceMark = 0;
          marks.push(last);
          if (marks.length > MARKS_MAX) marks.splice(0, marks.length, ...everySecond(marks));
        }
      } else if (isFirst || segment >= marks.length) {
        isOver = true;
      } else {
        after = marks[segment];
        segment += 1;
      }
    },
    get position() {
      return after ?? [];
    },
    get isAmongEquals() {
      return isAmongEquals;
    },
    narrow: () => false,
  };
}

function everySecond(marks: readonly Position[]): readonly Position[] {
  return marks.filter((_, index) => index % 2 === 1);
}

const FIRST_PAGES = 64;
const PAGES_MIN = 16;
/** 64 MB: so much is read in some 50 ms when nothing in it is due. */
const PAGES_MAX = 8_192;

/**
 * In heap order, over `pageCount` pages. From `startPage` to the end, and then from the beginning to
 * it: rows before the place where the last run stopped may have become due since.
 */
export function createWindowPass(pageCount: number, startPage: number, targetMs: number): WalkPass {
  const start = Math.min(startPage, Math.max(0, pageCount - 1));
  const stretches =
    start > 0 ? [[start, pageCount] as const, [0, start] as const] : [[0, pageCount] as const];
  let stretch = 0;
  let from = tid(start, 0);
  let pages = FIRST_PAGES;
  let fewest = PAGES_MIN;
  const end = (): number => stretches[stretch]?.[1] ?? 0;
  const windowEnd = (): number => Math.min(end(), pageOf(from) + pages);
  return {
    next: () => (stretch >= stretches.length ? undefined : range(from, windowEnd())),
    advance({ last, isMore, picked, limit, elapsedMs }) {
      const rest = isMore ? last : undefined;
      const looked = rest ? pageOf(rest[0] ?? from) - pageOf(from) + 1 : windowEnd() - pageOf(from);
      const isSlow = !rest && elapsedMs > 1.5 * targetMs;
      // About a tenth more than a full batch needs; fewer when reading alone takes too long.
      const wanted = picked === 0 ? pages * 2 : (looked * limit * 1.1) / picked;
      from = rest ? behind(rest) : tid(windowEnd(), 0);
      pages = clamp(isSlow ? pages / 2 : Math.min(pages * 2, Math.max(pages / 2, wanted)), fewest);
      if (pageOf(from) >= end()) {
        stretch += 1;
        from = tid(stretches[stretch]?.[0] ?? 0, 0);
      }
    },
    get position() {
      return [String(pageOf(from))];
    },
    isAmongEquals: false,
    narrow() {
      const looked = windowEnd() - pageOf(from);
      // From here on the time alone says how few.
      fewest = 1;
      pages = Math.max(1, Math.floor(looked / 2));
      return looked > 1;
    },
  };
}

function clamp(pages: number, fewest: number): number {
  return Math.round(Math.min(PAGES_MAX, Math.max(fewest, pages)));
}

function range(from: string, toPage: number): Range {
  return { walk: 'heap-windows', from, toPage };
}

function tid(page: number, line: number): string {
  return `(${page},${line})`;
}

function pageOf(ctid: string): number {
  return Number(ctid.slice(1, ctid.indexOf(',')));
}

function behind([ctid = '(0,0)']: Position): string {
  const line = Number(ctid.slice(ctid.indexOf(',') + 1, -1));
  return tid(pageOf(ctid), line + 1);
}

/** A pass of the walk's kind. */
export function createPass(
  walk: Walk,
  how: {
    readonly marks: Position[];
    readonly isFirst: boolean;
    readonly pageCount: number;
    readonly startPage: number;
    readonly targetMs: number;
  },
): WalkPass {
  return walk.kind === 'keyset'
    ? createKeysetPass(how.marks, how.isFirst)
    : createWindowPass(how.pageCount, how.startPage, how.targetMs);
}
