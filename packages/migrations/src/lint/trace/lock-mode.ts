/** What others cannot do to a table meanwhile. Changing its definition is never meant. */
export type Blocks = 'reads and writes' | 'writes' | 'nothing';

/** `pg_locks` writes `ShareRowExclusiveLock` where the documentation writes SHARE ROW EXCLUSIVE. */
const MODES = {
  AccessShareLock: 'ACCESS SHARE',
  RowShareLock: 'ROW SHARE',
  RowExclusiveLock: 'ROW EXCLUSIVE',
  ShareUpdateExclusiveLock: 'SHARE UPDATE EXCLUSIVE',
  ShareLock: 'SHARE',
  ShareRowExclusiveLock: 'SHARE ROW EXCLUSIVE',
  ExclusiveLock: 'EXCLUSIVE',
  AccessExclusiveLock: 'ACCESS EXCLUSIVE',
} as const;

/**
 * A lock on a table, as the documentation writes it.
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
 */
export type TraceLockMode = (typeof MODES)[keyof typeof MODES];

/** Each stronger than those before it. */
const ORDER: readonly TraceLockMode[] = Object.values(MODES);

/**
 * The strongest.
 *
 * @param modes as `pg_locks` writes them.
 */
export function strongest(modes: readonly string[]): TraceLockMode | undefined {
  return ORDER.findLast((mode) => modes.some((each) => MODES[each as keyof typeof MODES] === mode));
}

/** Whether `a` is stronger than `b`. Anything is stronger than no lock. */
export function isStronger(a: TraceLockMode, b: TraceLockMode | undefined): boolean {
  return b === undefined || ORDER.indexOf(a) > ORDER.indexOf(b);
}

/** `select` takes ACCESS SHARE; `insert`, `update` and `delete` take ROW EXCLUSIVE. */
export function blocksOf(mode: TraceLockMode): Blocks {
  if (mode === 'ACCESS EXCLUSIVE') return 'reads and writes';
  return isStronger(mode, 'SHARE UPDATE EXCLUSIVE') ? 'writes' : 'nothing';
}

const WORSE: readonly Blocks[] = ['nothing', 'writes', 'reads and writes'];

/** The worst of them; nothing when there are none. */
export function worst(all: readonly Blocks[]): Blocks {
  return WORSE.findLast((each) => all.includes(each)) ?? 'nothing';
}
