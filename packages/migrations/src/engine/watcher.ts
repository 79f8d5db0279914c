import type { Timer } from '@ops/timeout';
import type { Session } from '../database/session.ts';
import type { Blocker } from '../events.ts';
import type { Settings } from '../options.ts';

/** How far a concurrent build is. */
interface BuildProgress {
  readonly phase: string;
  readonly ratio: number | undefined;
  readonly waitingFor: readonly Blocker[];
}

/** Looks from the second connection at what the first one is doing. */
export interface Watcher {
  /** Who was last seen in the way since the last {@link Watcher.forget}. */
  readonly blockers: readonly Blocker[];
  forget(): void;
  /** Watches while `work` runs. With `onProgress`, `work` is an index build. */
  during<T>(work: () => Promise<T>, onProgress?: (progress: BuildProgress) => void): Promise<T>;
}

/** Statements that are shorter are not looked at. */
const FIRST_LOOK_MS = 500;
const LOOK_EVERY_MS = 1_000;

/** Blockers can be seen only during the wait, so the first look comes before `lock_timeout`. */
export function createWatcher(
  session: Session,
  { clock, lockTimeoutMs }: Pick<Settings, 'clock' | 'lockTimeoutMs'>,
): Watcher {
  let blockers: readonly Blocker[] = [];
  let isBlind = false;
  const look = async (onProgress?: (progress: BuildProgress) => void): Promise<void> => {
    const found = await session.side.query<BlockerRow>(BLOCKERS_SQL, [session.pid]);
    const seen = found.rows.map(blockerOf);
    if (seen.length > 0) blockers = seen;
    if (onProgress === undefined) return;
    const { rows } = await session.side.query<ProgressRow>(PROGRESS_SQL, [session.pid]);
    const progress = progressOf(rows[0]);
    if (progress !== undefined) onProgress({ ...progress, waitingFor: seen });
  };
  return {
    get blockers() {
      return blockers;
    },
    forget() {
      blockers = [];
    },
    async during(work, onProgress) {
      let isOver = false;
      let timer: Timer | undefined;
      let looking: Promise<void> | undefined;
      const schedule = (delayMs: number): void => {
        if (isOver || isBlind) return;
        timer = clock.setTimeout(() => {
          looking = look(onProgress)
            .catch(() => {
              isBlind = true;
            })
            .finally(() => {
              schedule(LOOK_EVERY_MS);
            });
        }, delayMs);
      };
      schedule(Math.min(FIRST_LOOK_MS, lockTimeoutMs / 2));
      try {
        return await work();
      } finally {
        isOver = true;
        if (timer !== undefined) clock.clearTimeout(timer);
        await looking;
      }
    },
  };
}

const BLOCKERS_SQL = `
  select pid, application_name, left(query, 200) as query,
    (extract(epoch from clock_timestamp() - coalesce(xact_start, query_start)) * 1000)::text as age_ms
  from pg_stat_activity
  where pid = any(pg_blocking_pids($1))
  order by pid`;

const PROGRESS_SQL = `
  select phase, lockers_done, lockers_total, blocks_done, blocks_total, tuples_done, tuples_total
  from pg_stat_progress_create_index
  where pid = $1`;

interface BlockerRow {
  readonly pid: number;
  readonly application_name: string | null;
  readonly query: string | null;
  readonly age_ms: string | null;
}

function blockerOf({ pid, application_name, query, age_ms }: BlockerRow): Blocker {
  const ageMs = age_ms === null ? undefined : Math.round(Number(age_ms));
  return { pid, applicationName: application_name || undefined, query: query || undefined, ageMs };
}

/** Counters are bigint, so they come as text. All are null for a user who may not see them. */
type ProgressRow = Readonly<Record<'phase' | `${Unit}_${'done' | 'total'}`, string | null>>;
type Unit = 'lockers' | 'tuples' | 'blocks';

function progressOf(row: ProgressRow | undefined): Omit<BuildProgress, 'waitingFor'> | undefined {
  const phase = row?.phase;
  if (!row || !phase) return undefined;
  // The counter that this phase moves.
  const isWait = phase.startsWith('waiting');
  const unit: Unit = isWait ? 'lockers' : phase.includes('tuples') ? 'tuples' : 'blocks';
  const total = Number(row[`${unit}_total`]);
  const ratio = total > 0 ? Math.min(1, Number(row[`${unit}_done`]) / total) : undefined;
  return { phase, ratio };
}
