import type { HistoryRow } from '../history/history.ts';
import { hashFile, type ParsedDown, refOf } from '../migration.ts';
import type { MigrationFile } from '../sources/source.ts';
import { performSteps } from './apply.ts';
import type { Run } from './run.ts';
import type { Work } from './work.ts';

/** An applied file, with what takes it back. */
export interface Reversal {
  readonly file: MigrationFile;
  readonly down: ParsedDown;
  /** Tells how far an earlier `down` got. */
  readonly row: HistoryRow;
}

/** One that was taken back, or the rest of it, and how long that took. */
export interface Reverted {
  readonly file: MigrationFile;
  readonly durationMs: number;
}

/** Takes them back, in the order given; each row goes with the last step of its file. */
export async function revertAll(
  run: Run,
  reversals: readonly Reversal[],
): Promise<readonly Reverted[]> {
  // The row that a flush would write to may be gone by then.
  run.state.mayDelayCommits = false;
  const reverted: Reverted[] = [];
  for (const reversal of reversals) {
    const durationMs = await performSteps(run, workOf(run, reversal));
    reverted.push({ file: reversal.file, durationMs });
  }
  return reverted;
}

/** The down part in the place of the up part, so that errors and events point into it. */
function workOf({ history }: Run, { file, down, row }: Reversal): Work {
  const { pack, version } = file;
  const { steps, statements } = down;
  const { isReverting } = row;
  return {
    direction: 'down',
    file,
    migration: {
      ...refOf(file),
      ...down,
      hash: hashFile(statements),
      rawHash: file.rawHash,
      directives: { noTransaction: false, outOfOrder: false },
      down: undefined,
    },
    stepsDone: isReverting ? row.stepsDone : 0,
    wasInterrupted: isReverting && row.wasInterrupted,
    position: isReverting ? row.position : undefined,
    recordSql: (progress) =>
      history.revertSql({ ...progress, steps, migration: { pack, version } }),
  };
}
