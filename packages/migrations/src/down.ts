import { readOptions } from '@ops/timeout/check';
import { findCommitting } from './engine/find-committing.ts';
import { type Reversal, revertAll } from './engine/revert-all.ts';
import type { Run } from './engine/run.ts';
import { createWatcher } from './engine/watcher.ts';
import {
  DriftError,
  HalfAppliedError,
  IrreversibleError,
  type MigrationRef,
  StalePlanError,
} from './errors.ts';
import {
  type Choice,
  type Chosen,
  chooseReversals,
  type DownWish,
} from './history/choose-reversals.ts';
import type { HistoryRow } from './history/read-history.ts';
import { hashSteps, type ParsedDown, refOf } from './migration.ts';
import type { Settings } from './options.ts';
import { inSituation, type Situation } from './situation.ts';
import { assertPack } from './sources/assert-pack.ts';
import { parseDowns } from './sources/parse-downs.ts';
import { keyOf } from './sources/source.ts';
import { type Locked, underLock } from './under-lock.ts';

/** Options of `down`: either `steps` or `to`. */
export type DownOptions = (
  | {
      /** How many migrations, the newest first; at least 1. One that is half taken back counts. */
      readonly steps: number;
      readonly to?: undefined;
    }
  | {
      /** The version that is the newest afterwards; it has to be applied. `'0'` takes all back. */
      readonly to: string;
      readonly steps?: undefined;
    }
) & {
  /** The pack whose migrations are meant. @default the files of the directories */
  readonly pack?: string | undefined;
  /** See {@link CallOptions}. */
  readonly signal?: AbortSignal | undefined;
};

/** What a call of `down` has done. */
export interface DownReport {
  /** In the order in which they were taken back: the newest first. */
  readonly reverted: readonly RevertedNow[];
  /** Tries that met a lock timeout or deadlock and were repeated. */
  readonly retried: number;
  /** Time spent waiting for another process. */
  readonly waitedMs: number;
  /** Of the whole call. */
  readonly durationMs: number;
}

/** A migration that this call has taken back, or finished taking back. */
export interface RevertedNow extends MigrationRef {
  readonly durationMs: number;
}

/** What is taken back is settled before the lock: of two calls at once, one finds nothing to do. */
export async function runDown(settings: Settings, options: DownOptions): Promise<DownReport> {
  const { clock } = settings;
  const startedAt = clock.monotonic();
  const wish = readWish(settings, options);
  return inSituation(settings, options.signal, async (situation) => {
    const { choices, half } = await choose(situation, wish);
    await prepare(situation, choices);
    const outcome =
      choices.length === 0 && half.length === 0
        ? { reverted: [], retried: 0, waitedMs: 0 }
        : await underLock(situation, (locked) => revert(situation, locked, wish, choices));
    return { ...outcome, durationMs: clock.monotonic() - startedAt };
  });
}

/** @throws InvalidOptionsError */
function readWish(settings: Settings, options: DownOptions): DownWish {
  const read = readOptions('down', options);
  const steps = read.count('steps', 1);
  const isText = (value: unknown): boolean => typeof value === 'string';
  const to = read.value<string>('to', 'a version in a string', isText);
  const pack = read.value<string>('pack', 'the name of a pack', isText) ?? '';
  read.object('signal', ['throwIfAborted', 'addEventListener']);
  const given = Object(options) as Partial<DownOptions>;
  read.fault(
    (given.steps === undefined) === (given.to === undefined),
    'expected either steps or to',
  );
  read.done();
  assertPack('down', settings, pack);
  return { pack, steps, to };
}

async function choose({ history, session, files }: Situation, wish: DownWish): Promise<Chosen> {
  return chooseReversals(await history.read(session), files, wish);
}

async function revert(
  situation: Situation,
  { state, emit, waitedMs }: Locked,
  wish: DownWish,
  chosen: readonly Choice[],
): Promise<Omit<DownReport, 'durationMs'>> {
  const { session, settings, history, signal } = situation;
  const now = await choose(situation, { pack: wish.pack, steps: undefined, to: undefined });
  if (now.half.length > 0) throw new HalfAppliedError(now.half);
  const reversals = await prepare(situation, stillChosen(chosen, now.choices));
  if (reversals.length > 0) emit({ type: 'locked', waitedMs, pendingCount: reversals.length });
  const watcher = createWatcher(session, settings);
  const tally: Run['tally'] = { retried: 0, recovered: [] };
  const run: Run = { settings, session, history, state, watcher, signal, emit, tally };
  const reverted = (await revertAll(run, reversals)).map(({ file, durationMs }): RevertedNow => {
    return { ...refOf(file), durationMs };
  });
  return { reverted, retried: tally.retried, waitedMs };
}

/**
 * Those that are left of what was chosen. Another `down` may have taken some back.
 *
 * @param all that is recorded now, the newest first.
 * @throws StalePlanError when newer ones were applied meanwhile, which stand on these.
 */
function stillChosen(chosen: readonly Choice[], all: readonly Choice[]): readonly Choice[] {
  const keys = new Set(chosen.map(({ row }) => keyOf(row)));
  const isChosen = ({ row }: Choice): boolean => keys.has(keyOf(row));
  const left = all.filter(isChosen);
  const newer = all.slice(0, all.findLastIndex(isChosen) + 1).filter((each) => !isChosen(each));
  if (newer.length === 0) return left;
  throw new StalePlanError(
    newer.map(
      ({ row }) => `${row.file} was applied meanwhile, and is newer than what to take back`,
    ),
  );
}

/**
 * Reads all down parts, before any of them is run.
 *
 * @throws IrreversibleError, DriftError when a down part was edited half-way, SourceError
 */
async function prepare(
  { files, session }: Situation,
  chosen: readonly Choice[],
): Promise<Reversal[]> {
  const found = chosen.flatMap(({ file }) => file ?? []);
  const downs = await parseDowns(found, (some) => findCommitting(some, files, session));
  const downOf = new Map(found.map((file, at) => [file, downs[at]]));
  const irreversible = chosen.flatMap(({ row, file }) => {
    if (file === undefined) return [{ ...refOf(row), reason: 'its file is gone' }];
    if (downOf.get(file) !== undefined) return [];
    return [{ ...refOf(file), reason: `nothing in or beside ${file.file} says how` }];
  });
  if (irreversible.length > 0) throw new IrreversibleError(irreversible);
  const reversals = chosen.flatMap(({ row, file }): Reversal[] => {
    const down = file && downOf.get(file);
    return file && down ? [{ row, file, down }] : [];
  });
  refuseEdited(reversals);
  return reversals;
}

/** The steps that are done must be as they were; others may have been mended. */
function refuseEdited(reversals: readonly Reversal[]): void {
  const drifted = reversals.flatMap(({ row, file, down }) => {
    const hashes = row.isReverting ? hashesOf(row, down) : undefined;
    if (hashes === undefined || hashes.appliedHash === hashes.fileHash) return [];
    return [{ ...refOf(file), file: down.file, diff: undefined, ...hashes }];
  });
  if (drifted.length > 0) throw new DriftError(drifted);
}

function hashesOf(
  row: HistoryRow,
  down: ParsedDown,
): { readonly appliedHash: string; readonly fileHash: string } {
  return { appliedHash: row.stepsHash, fileHash: hashSteps(down, row.stepsDone) };
}
