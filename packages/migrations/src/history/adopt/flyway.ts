import { crc32 } from 'node:zlib';
import type { AdoptProblem } from '../../errors.ts';
import type { MigrationFile } from '../../sources/source.ts';
import { compareVersions, normalizeVersion } from '../../sources/version.ts';
import { unfinished } from './adopt-problem.ts';
import { dateOf, millisecondsOf } from './sql-time.ts';
import type { Difference, ForeignEntry, ForeignHistory, Tool } from './tool.ts';

interface Row {
  readonly version: string | null;
  readonly description: string;
  readonly type: string;
  readonly script: string;
  readonly checksum: string | null;
  readonly applied_ms: string | null;
  readonly success: boolean;
}

/**
 * Flyway. The rows are a log in the order of `installed_rank`: one of type DELETE or UNDO_… takes back
 * the ones of its version before it; a baseline stands for every version up to its own.
 */
export const flyway: Tool = {
  name: 'flyway',
  schema: undefined,
  table: 'flyway_schema_history',
  columns: ['installed_rank', 'version', 'description', 'type', 'script', 'checksum', 'success'],
  foreignColumns: [],
  trustNote: undefined,
  async read({ query, sql }) {
    const { rows } = await query<Row>(`
      select version, description, type, script, checksum::text as checksum,
        ${millisecondsOf('installed_on')} as applied_ms, success
      from ${sql}
      order by installed_rank`);
    return interpret(rows);
  },
};

function interpret(rows: readonly Row[]): ForeignHistory {
  const standing = new Map<string, Row>();
  const repeatable = new Map<string, Row>();
  let baseline: string | undefined;
  for (const row of rows) {
    const version = row.version === null ? undefined : normalizeVersion(row.version);
    if (row.type === 'SCHEMA') continue;
    if (version === undefined) repeatable.set(row.description, row);
    else if (isBaseline(row.type)) baseline = later(baseline, version);
    else if (row.type === 'DELETE' || row.type.startsWith('UNDO_')) standing.delete(version);
    else standing.set(version, row);
  }
  const all = [...standing.values(), ...repeatable.values()];
  const done = [...standing].filter(([, row]) => row.success);
  return {
    entries: done.map(([version, row]) => entryOf(version, row)),
    upTo:
      baseline === undefined
        ? undefined
        : { version: baseline, label: `Flyway's baseline is ${baseline}` },
    problems: all.filter(({ success }) => !success).map(failure),
    notes: [...repeatable.values()]
      .filter(({ type }) => type !== 'DELETE')
      .map(
        ({ script }) =>
          `${script} is repeatable and was left out: what it made stays, but nothing runs it again. Change its objects in new files.`,
      ),
  };
}

/** Also the migrations `B<version>__…`, and baselines as old versions called them. */
function isBaseline(type: string): boolean {
  return /^(?:BASELINE|INIT|(?:SQL|JDBC)_(?:BASELINE|STATE_SCRIPT))$/.test(type);
}

function later(a: string | undefined, b: string): string {
  return a === undefined || compareVersions(a, b) < 0 ? b : a;
}

function failure({ script }: Row): AdoptProblem {
  return unfinished(
    script,
    'failed in Flyway',
    'Undo by hand what it left behind, then: flyway repair',
  );
}

function entryOf(version: string, row: Row): ForeignEntry {
  const checksum = row.type === 'SQL' && row.checksum !== null ? Number(row.checksum) : undefined;
  return {
    label: row.script,
    version,
    name: undefined,
    appliedAt: dateOf(row.applied_ms),
    compare: checksum === undefined ? undefined : (file) => compare(file, checksum),
    missingHint:
      row.type === 'SQL'
        ? undefined
        : `It was of type ${row.type}. Put a file V${row.version}__<name>.sql in its place with the same effect, or select 1;`,
  };
}

/**
 * Flyway's checksum: CRC-32 over the lines in UTF-8 without their ends (`\n`, `\r`, `\r\n`), as a
 * signed number.
 */
function compare({ text }: MigrationFile, recorded: number): Difference | undefined {
  const now = crc32(text.replaceAll(/[\r\n]/g, '')) | 0;
  if (now === recorded) return undefined;
  return { message: `has the checksum ${now}, Flyway recorded ${recorded}`, offset: undefined };
}
