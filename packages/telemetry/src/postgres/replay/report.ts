/** A line that was not stored, and will not be however often it is replayed. */
export interface ReplayRejection {
  /** Counted from 1, blank lines included; of records, their place. */
  readonly line: number;
  /** What is wrong, without the line's content. */
  readonly details: string;
  /** What the database or the parser said. */
  readonly cause?: unknown;
}

/** What a replay has done so far: `read = inserted + duplicates + rejected` when it is through. */
export interface ReplayReport {
  /** The last line that is settled: `startAfterLine` of a run that goes on from here. */
  readonly line: number;
  /** Lines that held something, without those that `startAfterLine` skipped. */
  readonly read: number;
  readonly inserted: number;
  /** Lines whose id was there already. */
  readonly duplicates: number;
  readonly rejected: number;
  /** The first 100 of them; `onReject` is told of all. */
  readonly rejections: readonly ReplayRejection[];
}

const KEPT_REJECTIONS = 100;

/** Adds up a {@link ReplayReport}. */
export interface ReplayTally {
  reject(rejection: ReplayRejection): void;
  /** `line` is the last one that is settled now. */
  settle(line: number, read: number, inserted: number, duplicates: number): void;
  report(): ReplayReport;
}

export function createTally(
  startAfterLine: number,
  onReject: ((rejection: ReplayRejection) => void) | undefined,
): ReplayTally {
  const sums = { line: startAfterLine, read: 0, inserted: 0, duplicates: 0, rejected: 0 };
  const rejections: ReplayRejection[] = [];
  return {
    reject(rejection) {
      sums.rejected += 1;
      if (rejections.length < KEPT_REJECTIONS) rejections.push(rejection);
      onReject?.(rejection);
    },
    settle(line, read, inserted, duplicates) {
      sums.line = line;
      sums.read += read;
      sums.inserted += inserted;
      sums.duplicates += duplicates;
    },
    report: () => ({ ...sums, rejections: [...rejections] }),
  };
}
