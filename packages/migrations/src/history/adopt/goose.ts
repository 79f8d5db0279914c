import { normalizeVersion } from '../../sources/version.ts';
import { dateOf, millisecondsOf } from './sql-time.ts';
import type { Tool } from './tool.ts';

interface Row {
  readonly version_id: string;
  readonly is_applied: boolean;
  readonly applied_ms: string | null;
}

/**
 * goose. The rows are a log: of several with one version the newest counts. Version 0 stands for the
 * table itself.
 */
export const goose: Tool = {
  name: 'goose',
  schema: undefined,
  table: 'goose_db_version',
  columns: ['id', 'version_id', 'is_applied', 'tstamp'],
  foreignColumns: [],
  trustNote: 'goose keeps no content and no checksum',
  async read({ query, sql }) {
    const { rows } = await query<Row>(`
      select version_id::text as version_id, is_applied, ${millisecondsOf('tstamp')} as applied_ms
      from ${sql}
      where version_id <> 0
      order by id`);
    const newest = new Map(rows.map((row) => [row.version_id, row]));
    const entries = [...newest.values()]
      .filter((row) => row.is_applied)
      .map(({ version_id, applied_ms }) => {
        return {
          label: version_id,
          version: normalizeVersion(version_id),
          name: undefined,
          appliedAt: dateOf(applied_ms),
          compare: undefined,
          missingHint: `If it was a migration in Go, put a file ${version_id}_<name>.sql in its place with the same effect, or select 1;`,
        };
      });
    return { entries, upTo: undefined, problems: [], notes: [] };
  },
};
