import type { MigrationRef } from '../errors.ts';
import { hashSteps, type Migration } from '../migration.ts';
import { quoteLiteral } from '../sql/quote.ts';
import { encodeBody } from './body.ts';
import type { Progress, RevertProgress } from './history.ts';

/** A migration that is recorded as applied although `up` has not run it. */
export interface HistoryEntry extends MigrationRef {
  readonly hash: string;
  readonly rawHash: string;
  readonly stepCount: number;
  readonly stepsHash: string;
  /** What was applied. Undefined when only its file's text now is known, which may be another. */
  readonly text: string | undefined;
  /** `baseline`, or `adopt:` and the name of a tool. */
  readonly origin: string;
  /** @default now */
  readonly appliedAt?: Date | undefined;
}

const COLUMNS =
  '(pack, version, name, hash, raw_hash, body, step_count, steps_done, steps_hash, step_running, is_reverting, position, origin, duration_ms, applied_at)';

/**
 * Milliseconds, by the server's clock. In a message of several transactions, only the setting tells
 * when the file's began.
 */
const SINCE_BEGIN = `(extract(epoch from clock_timestamp()) - greatest(
      extract(epoch from now()), nullif(current_setting('ops_migrations.begun', true), '')::numeric
    )) * 1000`;

/** Inserts or updates the row of one migration. Literals, so that it fits into a larger message. */
export function progressSql(table: string, progress: Progress): string {
  const { migration, stepsDone, isStepRunning, durationMs, position } = progress;
  const isComplete = stepsDone === migration.steps.length;
  const values = [
    literal(migration.pack),
    literal(migration.version),
    literal(migration.name),
    literal(migration.hash),
    literal(migration.rawHash),
    bodySql(bodyOf(migration)),
    migration.steps.length,
    stepsDone,
    literal(hashSteps(migration, stepsDone)),
    isStepRunning,
    false,
    literal(position),
    literal('up'),
    durationMs === undefined ? SINCE_BEGIN : Math.round(durationMs),
    isComplete ? 'clock_timestamp()' : 'null',
  ];
  // The role that applies a file is not always the one that began it.
  return `
    insert into ${table} as done ${COLUMNS}
    values (${values.join(', ')})
    on conflict (pack, version) do update set
      name = excluded.name,
      hash = excluded.hash,
      raw_hash = excluded.raw_hash,
      body = excluded.body,
      step_count = excluded.step_count,
      steps_done = excluded.steps_done,
      steps_hash = excluded.steps_hash,
      step_running = excluded.step_running,
      is_reverting = excluded.is_reverting,
      position = excluded.position,
      duration_ms = done.duration_ms + excluded.duration_ms,
      applied_at = excluded.applied_at,
      applied_by = excluded.applied_by`;
}

/** Updates the row of a migration that is taken back; deletes it with the last step. */
export function revertSql(table: string, progress: RevertProgress): string {
  const { migration, steps, stepsDone, isStepRunning, position } = progress;
  if (stepsDone === steps.length) return forgetSql(table, migration);
  return `
    update ${table}
    set step_count = ${steps.length},
      steps_done = ${stepsDone},
      steps_hash = ${literal(hashSteps({ steps }, stepsDone))},
      step_running = ${isStepRunning},
      is_reverting = true,
      position = ${literal(position)},
      applied_at = null
    ${whereRow(migration)}`;
}

/** Deletes the row. */
export function forgetSql(table: string, ref: Pick<MigrationRef, 'pack' | 'version'>): string {
  return `delete from ${table} ${whereRow(ref)}`;
}

/** Takes another text for what was applied. */
export function acceptSql(table: string, entry: HistoryEntry): string {
  const { text, stepCount } = entry;
  return `
    update ${table}
    set name = ${literal(entry.name)},
      hash = ${literal(entry.hash)},
      raw_hash = ${literal(entry.rawHash)},
      body = ${bodySql(text === undefined ? undefined : encodeBody(text))},
      step_count = ${stepCount},
      steps_done = ${stepCount},
      steps_hash = ${literal(entry.stepsHash)}
    ${whereRow(entry)}`;
}

function whereRow({ pack, version }: Pick<MigrationRef, 'pack' | 'version'>): string {
  return `where pack = ${literal(pack)} and version = ${literal(version)}`;
}

/** Inserts complete rows; those that are there stay. */
export function entrySql(table: string, entries: readonly HistoryEntry[]): string {
  const rows = entries.map((entry) => {
    const at = entry.appliedAt;
    const values = [
      literal(entry.pack),
      literal(entry.version),
      literal(entry.name),
      literal(entry.hash),
      literal(entry.rawHash),
      bodySql(entry.text === undefined ? undefined : encodeBody(entry.text)),
      entry.stepCount,
      entry.stepCount,
      literal(entry.stepsHash),
      false,
      false,
      'null',
      literal(entry.origin),
      0,
      at === undefined ? 'clock_timestamp()' : `${literal(at.toISOString())}::timestamptz`,
    ];
    return `(${values.join(', ')})`;
  });
  return `
    insert into ${table} ${COLUMNS}
    values ${rows.join(',\n      ')}
    on conflict (pack, version) do nothing`;
}

/** Of each migration once: a file of many steps is recorded many times. */
const bodies = new WeakMap<Migration, string>();

function bodyOf(migration: Migration): string {
  const known = bodies.get(migration) ?? encodeBody(migration.text);
  bodies.set(migration, known);
  return known;
}

function bodySql(base64: string | undefined): string {
  return base64 === undefined ? 'null' : `decode('${base64}', 'base64')`;
}

function literal(text: string | undefined): string {
  return text === undefined ? 'null' : quoteLiteral(text);
}
