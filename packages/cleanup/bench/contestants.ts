import type { Pace } from '../src/index.ts';
import type { Contestant } from './measure.ts';

/** A contestant, and what it is set beside. */
export interface Entry {
  readonly name: string;
  readonly contestant: Contestant;
  /** Name of the entry that its ratios are to. */
  readonly beside: string | undefined;
}

/** What a run is to cover. */
export interface Scope {
  /** Of the large tables. */
  readonly rows: number;
  /** For the run at the default pace, which a million rows would take a minute or two. */
  readonly pacedSeconds: number;
}

/** No pauses. Everything else is the default. */
const UNPACED: Pace = { dutyCycle: 1 };
const PLAIN = { archive: undefined, pace: UNPACED, seconds: 0, walBudget: undefined } as const;
/** Bytes a second, of the whole server. */
export const WAL_BUDGET = 20_000_000;

/** Every contestant stands behind what it is set beside, so the two run one soon after the other. */
export function entries({ rows, pacedSeconds }: Scope): readonly Entry[] {
  const clustered = { rows, expired: 'started_at', load: true } as const;
  const scattered = { rows, expired: 'expires_at', load: true } as const;
  const held = { ...clustered, heldSnapshot: true } as const;
  return [
    entry('one DELETE, clustered', undefined, { ...clustered, work: 'one-delete' }),
    entry('cleanup, clustered', 'one DELETE, clustered', { ...clustered, work: PLAIN }),
    entry('id in (select … limit) loop, clustered', 'one DELETE, clustered', {
      ...clustered,
      work: 'id-loop',
    }),
    entry('ctid loop, clustered', 'one DELETE, clustered', { ...clustered, work: 'ctid-loop' }),
    entry('one DELETE, scattered', undefined, { ...scattered, work: 'one-delete' }),
    entry('cleanup, scattered', 'one DELETE, scattered', { ...scattered, work: PLAIN }),
    entry('one DELETE, held snapshot', undefined, { ...held, work: 'one-delete' }),
    entry('cleanup, held snapshot', 'one DELETE, held snapshot', { ...held, work: PLAIN }),
    entry('ctid loop, held snapshot', 'one DELETE, held snapshot', { ...held, work: 'ctid-loop' }),
    entry('cleanup, default pace', undefined, {
      ...clustered,
      isPaced: true,
      work: { ...PLAIN, pace: {}, seconds: pacedSeconds },
    }),
    entry('cleanup, walRate alone', undefined, {
      ...clustered,
      work: { ...PLAIN, seconds: pacedSeconds, walBudget: WAL_BUDGET },
    }),
    ...archives(rows),
    ...partitions(rows),
    entry('cleanup of a tenth of the rows', undefined, {
      ...clustered,
      rows: Math.floor(rows / 10),
      load: false,
      work: PLAIN,
    }),
  ];
}

function archives(rows: number): readonly Entry[] {
  const withSteps = { rows, expired: 'started_at', load: true } as const;
  const alone = { ...withSteps, withoutSteps: true } as const;
  return [
    entry('archive to a table, child rows too', 'cleanup, clustered', {
      ...withSteps,
      work: { ...PLAIN, archive: 'table' },
    }),
    entry('archive to files (gz), child rows too', 'cleanup, clustered', {
      ...withSteps,
      work: { ...PLAIN, archive: 'ndjson.gz' },
    }),
    entry('cleanup, no child table', undefined, { ...alone, work: PLAIN }),
    entry('archive to a table', 'cleanup, no child table', {
      ...alone,
      work: { ...PLAIN, archive: 'table' },
    }),
    entry('archive to files (gz)', 'cleanup, no child table', {
      ...alone,
      work: { ...PLAIN, archive: 'ndjson.gz' },
    }),
    entry('archive to files (zstd)', 'cleanup, no child table', {
      ...alone,
      work: { ...PLAIN, archive: 'ndjson.zst' },
    }),
  ];
}

function partitions(rows: number): readonly Entry[] {
  const events = { rows, expired: 'partitions', load: false } as const;
  return [
    entry('one DELETE over partitions', undefined, { ...events, work: 'one-delete' }),
    entry('drop partitions', 'one DELETE over partitions', { ...events, work: PLAIN }),
  ];
}

function entry(name: string, beside: string | undefined, contestant: Contestant): Entry {
  return { name, beside, contestant };
}
